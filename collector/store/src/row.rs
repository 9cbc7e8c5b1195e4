//! Reading columns: a value that is not what it should be is its own error, with table, column and the row's id.

use std::fmt::Display;
use std::str::FromStr;

use nearmiss_shared::time::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row, Type};

use crate::error::StoreError;

/// A row with the table it came from.
pub(crate) struct Record<'r> {
    pub(crate) table: &'static str,
    pub(crate) row: &'r AnyRow,
}

/// The column that tells a row of this table from the others, where a query selects it.
fn id_column(table: &str) -> &'static str {
    match table {
        "case_file" | "curve" | "entry" | "entry_payload" | "link" | "slot" | "timer" => "case_id",
        "client" | "membership" => "client_id",
        "event" => "event_id",
        "evidence" => "bundle_id",
        "host" | "margin" => "host_id",
        "host_request" => "request_id",
        "outbox" => "message_id",
        "person" | "session" => "person_id",
        "site" => "site_id",
        "task" => "task_id",
        "token" => "token_id",
        _ => "provider_id",
    }
}

impl<'r> Record<'r> {
    pub(crate) fn fault(&self, column: &'static str, why: impl Display) -> StoreError {
        let id = self.row.try_get(id_column(self.table)).unwrap_or_default();
        StoreError::Row { table: self.table, column, id, why: why.to_string() }
    }

    fn value<T: Decode<'r, Any> + Type<Any>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|why| self.fault(column, why))
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.value(column)
    }

    pub(crate) fn text_or_none(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.value(column)
    }

    pub(crate) fn number(&self, column: &'static str) -> Result<i64, StoreError> {
        self.value(column)
    }

    /// A number that is never negative.
    pub(crate) fn count<T: TryFrom<i64, Error: Display>>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        T::try_from(self.number(column)?).map_err(|why| self.fault(column, why))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.number(column)? != 0)
    }

    /// A flag of a row that may not be there.
    pub(crate) fn flag_or_false(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.value::<Option<i64>>(column)?.unwrap_or(0) != 0)
    }

    pub(crate) fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.number(column)?))
    }

    pub(crate) fn instant_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.value::<Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    /// An id or a word.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|why| self.fault(column, why))
    }

    pub(crate) fn parsed_or_none<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let Some(value) = self.text_or_none(column)? else { return Ok(None) };
        value.parse().map(Some).map_err(|why| self.fault(column, why))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|why| self.fault(column, why))
    }

    /// As [`Self::json`]; the default where the row is not there.
    pub(crate) fn json_or_default<T: DeserializeOwned + Default>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        let Some(value) = self.text_or_none(column)? else { return Ok(T::default()) };
        serde_json::from_str(&value).map_err(|why| self.fault(column, why))
    }
}

/// What was found, and the faults of rows that cannot be read: those hold up no other.
#[derive(Debug)]
pub struct Found<T> {
    pub rows: Vec<T>,
    pub faults: Vec<StoreError>,
}

/// A value as JSON text; types of this crate's rows always have one.
pub(crate) fn json<T: serde::Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| StoreError::Row {
        table,
        column: "document",
        id: String::new(),
        why: why.to_string(),
    })
}
