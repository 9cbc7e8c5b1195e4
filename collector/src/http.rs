//! The routes, and what holds for all of them: counted, never sniffed, problems in one form.

pub mod agent;
pub mod api;
pub mod auth;
pub mod live;
pub mod ops;
pub mod problem;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::counters::Count;
use crate::pages;
use problem::Problem;

/// What the routing says when it refuses is a sentence.
const MOST_REFUSAL_BYTES: usize = 4096;

/// Everything the server answers.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(agent::router())
        .merge(api::router())
        .merge(live::router())
        .merge(pages::router())
        .merge(ops::router())
        .fallback(nothing_here)
        .layer(middleware::from_fn_with_state(app.clone(), every_answer))
        .with_state(app)
}

/// Whether programs call this address and read problems, not pages.
fn is_for_programs(path: &str) -> bool {
    matches!(path.split('/').nth(1), Some("agent" | "api" | "live"))
}

async fn nothing_here(address: Uri) -> Response {
    if is_for_programs(address.path()) {
        Problem::not_found().into_response()
    } else {
        pages::not_found().await
    }
}

async fn every_answer(State(app): State<App>, request: Request, next: Next) -> Response {
    let for_programs = is_for_programs(request.uri().path());
    let mut answer = next.run(request).await;
    app.counters.add(Count::Requests, 1);
    if for_programs && answer.status().is_client_error() {
        answer = as_problem(answer).await;
    }
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    answer
}

/// What the routing itself refuses, such as a method or an address that cannot be read, is a problem like every other.
async fn as_problem(answer: Response) -> Response {
    if answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == problem::CONTENT_TYPE) {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let text = to_bytes(body, MOST_REFUSAL_BYTES).await.unwrap_or_default();
    let text = match String::from_utf8_lossy(&text).trim() {
        "" => parts.status.canonical_reason().unwrap_or_default().to_lowercase(),
        text => text.to_owned(),
    };
    let mut problem = Problem::new(parts.status, text).into_response();
    if let Some(methods) = parts.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, methods.clone());
    }
    problem
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;
    use nearmiss_store::authentication::TokenKind;
    use tower::ServiceExt;

    use super::*;
    use crate::lab::Lab;

    #[tokio::test]
    async fn whatever_refuses_a_program_does_so_with_a_problem() {
        let lab = Lab::new().await;
        let bearer = format!("Bearer {}", lab.token(TokenKind::Api, None).await);
        for (method, address, status) in [
            (Method::DELETE, "/api/v1/cases", 405),
            (Method::GET, "/agent/v1/events", 405),
            (Method::GET, "/api/v1/cases/%FF", 400),
            (Method::GET, "/api/v1/cases?limit=many", 400),
            (Method::GET, "/api/v1/margins?client=A&client=B", 400),
            (Method::GET, "/live?case=1&case=2", 400),
            (Method::GET, "/api/v2/cases", 404),
        ] {
            let request = Request::builder().method(method).uri(address).header("authorization", &bearer);
            let answer = router(lab.app.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), status, "{address}");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], problem::CONTENT_TYPE, "{address}");
            assert_eq!(answer.headers().contains_key(header::ALLOW), status == 405, "{address}");
            let body = to_bytes(answer.into_body(), 1 << 12).await.unwrap();
            let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(told["status"], status, "{told}");
            assert!(told["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{told}");
        }
    }

    #[test]
    fn pages_are_for_people() {
        for (path, expected) in [
            ("/api/v1/cases", true),
            ("/agent/v1/events", true),
            ("/live", true),
            ("/", false),
            ("/cases/NM-0001", false),
            ("/apiary", false),
        ] {
            assert_eq!(is_for_programs(path), expected, "{path}");
        }
    }
}
