//! Finding cases: by id, by number, by what they are about, by whose tasks they hold.

use nearmiss_case::Case;
use nearmiss_shared::identity::{CaseId, PersonId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::{Category, Role};
use sqlx::any::AnyRow;

use super::document;
use crate::error::StoreError;
use crate::row::Record;
use crate::scope::ClientScope;
use crate::store::Store;

/// A case with the names a reader needs.
#[derive(Clone, Debug)]
pub struct CaseRow {
    scope: ClientScope,
    pub case: Case,
    pub client_name: String,
    pub site_name: Option<String>,
}

impl CaseRow {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

/// Whether work goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseState {
    /// Not closed; a standing hazard is still somebody's work, though it has left its key.
    #[default]
    Open,
    Closed,
    All,
}

/// Which cases; names or ids. An empty filter is every open case.
#[derive(Clone, Debug)]
pub struct CaseFilter {
    pub state: CaseState,
    pub client: Option<String>,
    pub host: Option<String>,
    pub category: Option<Category>,
    /// The last case of the page before.
    pub after: Option<CaseId>,
    pub limit: u32,
}

impl Default for CaseFilter {
    fn default() -> Self {
        Self { state: CaseState::Open, client: None, host: None, category: None, after: None, limit: 100 }
    }
}

/// One role's part of one case.
#[derive(Clone, Debug)]
pub struct TaskRow {
    pub case: CaseId,
    pub number: u64,
    pub client_name: String,
    pub role: Role,
    pub title: String,
    pub due: Timestamp,
}

/// A statement that reads cases: what is selected from where, and which.
macro_rules! cases_where {
    ($which:literal) => {
        concat!(
            "SELECT case_file.case_id, document, client.name AS client_name, site.name AS site_name FROM case_file
                 JOIN client ON client.provider_id = case_file.provider_id AND client.client_id = case_file.client_id
                 LEFT JOIN host ON host.provider_id = case_file.provider_id
                     AND host.client_id = case_file.client_id AND host.host_id = case_file.host_id
                 LEFT JOIN site ON site.provider_id = host.provider_id
                     AND site.client_id = host.client_id AND site.site_id = host.site_id
             WHERE case_file.provider_id = $1 AND case_file.client_id = $2 AND ",
            $which
        )
    };
}

const BY_ID: &str = cases_where!("case_file.case_id = $3");
const BY_NUMBER: &str = cases_where!("case_file.number = $3");
const FITTING: &str = cases_where!(
    "($3 = 'all' OR ($3 = 'open') = (case_file.workflow <> 'closed'))
     AND ($4 = '' OR client.name = $4 OR client.client_id = $4)
     AND ($5 = '' OR host.name = $5 OR host.host_id = $5)
     AND ($6 = '' OR case_file.category = $6)
     AND ($7 = '' OR case_file.case_id < $7)
     ORDER BY case_file.case_id DESC LIMIT $8"
);

impl Store {
    /// The case of this id, if it belongs to one of these clients.
    pub async fn case(&self, scopes: &[ClientScope], id: CaseId) -> Result<Option<CaseRow>, StoreError> {
        self.one(scopes, BY_ID, |query| query.bind(id.to_string())).await
    }

    /// The case of this number, if it belongs to one of these clients.
    pub async fn case_by_number(
        &self,
        scopes: &[ClientScope],
        number: u64,
    ) -> Result<Option<CaseRow>, StoreError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.one(scopes, BY_NUMBER, |query| query.bind(number)).await
    }

    async fn one(
        &self,
        scopes: &[ClientScope],
        statement: &'static str,
        bind: impl Fn(Query) -> Query,
    ) -> Result<Option<CaseRow>, StoreError> {
        for scope in scopes {
            let query =
                sqlx::query(statement).bind(scope.provider().to_string()).bind(scope.client().to_string());
            if let Some(row) = bind(query).fetch_optional(&self.read).await? {
                return case_row(*scope, &row).map(Some);
            }
        }
        Ok(None)
    }

    /// The cases of these clients that fit, newest first.
    pub async fn cases(
        &self,
        scopes: &[ClientScope],
        filter: &CaseFilter,
    ) -> Result<Vec<CaseRow>, StoreError> {
        let mut found = Vec::new();
        for scope in scopes {
            found.extend(self.cases_of(*scope, filter).await?);
        }
        // Ids rise with time, so that the cursor is an id.
        found.sort_by_key(|row| std::cmp::Reverse(row.case.id));
        found.truncate(filter.limit as usize);
        Ok(found)
    }

    async fn cases_of(&self, scope: ClientScope, filter: &CaseFilter) -> Result<Vec<CaseRow>, StoreError> {
        let state = match filter.state {
            CaseState::Open => "open",
            CaseState::Closed => "closed",
            CaseState::All => "all",
        };
        let rows = sqlx::query(FITTING)
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(state)
            .bind(filter.client.clone().unwrap_or_default())
            .bind(filter.host.clone().unwrap_or_default())
            .bind(filter.category.map_or("", Category::as_str))
            .bind(filter.after.map(|id| id.to_string()).unwrap_or_default())
            .bind(i64::from(filter.limit))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| case_row(scope, row)).collect()
    }

    /// The open parts of one person across all cases, what is due first first.
    pub async fn tasks_of(
        &self,
        scopes: &[ClientScope],
        person: PersonId,
    ) -> Result<Vec<TaskRow>, StoreError> {
        let mut tasks = Vec::new();
        for scope in scopes {
            let rows = sqlx::query(
                "SELECT task.task_id, task.case_id, number, client.name AS client_name, role, title, due_at
                 FROM task JOIN case_file ON case_file.provider_id = task.provider_id
                         AND case_file.client_id = task.client_id AND case_file.case_id = task.case_id
                     JOIN client ON client.provider_id = task.provider_id AND client.client_id = task.client_id
                 WHERE task.provider_id = $1 AND task.client_id = $2 AND task.person_id = $3 AND task.state = 'open'
                   AND case_file.workflow <> 'closed'",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(person.to_string())
            .fetch_all(&self.read)
            .await?;
            for row in &rows {
                tasks.push(task(&Record { table: "task", row })?);
            }
        }
        tasks.sort_by_key(|task| task.due);
        Ok(tasks)
    }
}

type Query = sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>;

fn case_row(scope: ClientScope, row: &AnyRow) -> Result<CaseRow, StoreError> {
    let record = Record { table: "case_file", row };
    Ok(CaseRow {
        scope,
        case: document(row)?,
        client_name: record.text("client_name")?,
        site_name: record.text_or_none("site_name")?,
    })
}

fn task(record: &Record<'_>) -> Result<TaskRow, StoreError> {
    Ok(TaskRow {
        case: record.parsed("case_id")?,
        number: record.count("number")?,
        client_name: record.text("client_name")?,
        role: record.parsed("role")?,
        title: record.text("title")?,
        due: record.instant("due_at")?,
    })
}
