//! `GET /`: what needs me, what is about to be late, what is open, and who watches the watcher.

pub(super) mod view;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use self::view::{Due, List, Needed};
use super::board::{self, Choice, Filters};
use super::part::closeness::is_running;
use super::part::margin::{self, Margin};
use super::part::strip::{self, Strip};
use super::shell::Shell;
use super::{PageFault, render};
use crate::app::App;
use crate::http::auth::Caller;

#[derive(Template)]
#[template(path = "now.html")]
struct Now {
    shell: Shell,
    filters: Filters,
    clients: Vec<Choice>,
    needed: Vec<Needed>,
    due: Vec<Due>,
    due_more: usize,
    lists: Vec<List>,
    calm: Option<String>,
    strip: Strip,
}

/// `GET /?client=&who=mine|all`.
pub(super) async fn page(
    State(app): State<App>,
    Caller(principal): Caller,
    Query(filters): Query<Filters>,
) -> Result<Response, PageFault> {
    let now = app.clock.now();
    let scopes = board::scopes(&principal, &filters.client);
    let viewer = board::viewer(&principal);
    let mut list = board::mine(board::open(&app, &principal, &scopes).await?, &filters, &viewer);
    view::sort(&mut list, now);
    let needed = view::needed(&list, &viewer, now);
    let mut due = view::due(&list, &viewer, now);
    let due_more = due.len().saturating_sub(view::DUE_ROWS);
    due.truncate(view::DUE_ROWS);
    let calm = !list.iter().any(|listed| is_running(listed.case.physical));
    list.retain(|listed| viewer.needed_for(listed).is_none());
    let most = if filters.client.is_empty() { view::PER_CLIENT } else { usize::MAX };
    let margins = Margin::list(app.store.margins(&scopes).await?, now);
    let title = if needed.is_empty() { "Now".to_owned() } else { format!("Now ({})", needed.len()) };
    render(&Now {
        shell: Shell::new(title, "now", &principal, needed.len()),
        clients: board::choices(&principal, &filters.client),
        calm: calm.then(|| margin::calm(&margins)),
        strip: strip::load(&app, &scopes, now).await?,
        lists: view::lists(list, most, now),
        filters,
        needed,
        due,
        due_more,
    })
}
