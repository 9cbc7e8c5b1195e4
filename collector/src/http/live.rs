//! `GET /live?case=`: what changed, as server-sent events, of the caller's clients alone.
//!
//! `case`, an id or a number, narrows the stream to that one case; another client's is not there (404). It is for API
//! clients that follow one case: pages share one stream a browser and hear of everything.
//!
//! Each event's id is the change cursor, so that a browser that comes back (Last-Event-ID) misses nothing. A commit in
//! this process is heard at once over the hint channel; whatever else, the cursor is read every 2 s. A stream ends
//! after a while, so that the browser's next one is authenticated anew.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use nearmiss_store::changes::ChangeRow;
use nearmiss_store::{ClientScope, StoreError};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::app::App;
use crate::http::api::find;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

const POLL: Duration = Duration::from_secs(2);
/// Polls before the stream ends and is asked for again: about ten minutes of silence, sooner in a storm.
const POLLS: u32 = 300;
/// Changes read at once.
const MOST: u32 = 100;

pub fn router() -> Router<App> {
    Router::new().route("/live", get(live))
}

#[derive(Deserialize)]
struct Filter {
    case: Option<String>,
}

async fn live(
    State(app): State<App>,
    Caller(principal): Caller,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let (scopes, case) = match filter.case {
        None => (principal.scopes(), None),
        Some(name) => {
            let row = find::case(&app, &principal, &name).await?.ok_or_else(Problem::not_found)?;
            (vec![row.scope()], Some(row.case.id.to_string()))
        }
    };
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let cursor = match seen {
        Some(cursor) => cursor,
        None => app.store.change_cursor().await?,
    };
    let hint = app.hint.subscribe();
    let watch = Watch { app, scopes, case, cursor, hint, waiting: VecDeque::new(), polls: POLLS };
    Ok(Sse::new(stream::unfold(watch, Watch::next))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// One open stream.
struct Watch {
    app: App,
    scopes: Vec<ClientScope>,
    /// The id of the only case whose changes are told.
    case: Option<String>,
    cursor: i64,
    hint: Receiver<()>,
    waiting: VecDeque<ChangeRow>,
    polls: u32,
}

impl Watch {
    /// The next change; `None` ends the stream.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            while let Some(change) = self.waiting.pop_front() {
                self.cursor = change.id;
                if self.case.as_ref().is_none_or(|case| *case == change.reference) {
                    return Some((Ok(event(&change)), self));
                }
            }
            self.polls = self.polls.checked_sub(1)?;
            if let Err(fault) = self.read().await {
                tracing::error!(%fault, "the changes cannot be read; the stream ends");
                return None;
            }
            if self.waiting.is_empty() {
                let mut stop = self.app.stop.clone();
                tokio::select! {
                    () = stop.asked() => return None,
                    // A hint, a missed hint or the end of the wait: each means to look again.
                    _ = timeout(POLL, self.hint.recv()) => {}
                }
            }
        }
    }

    async fn read(&mut self) -> Result<(), StoreError> {
        self.waiting = self.app.store.changes_since(&self.scopes, self.cursor, MOST).await?.into();
        Ok(())
    }
}

fn event(change: &ChangeRow) -> Event {
    let data = json!({"what": change.what, "reference": change.reference});
    Event::default().event("change").id(change.id.to_string()).data(data.to_string())
}

#[cfg(test)]
mod tests;
