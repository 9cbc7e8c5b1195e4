//! Who calls: a bearer token or a session's cookie. A session's writes also carry its form token, so that no other
//! site can make a signed-in browser act.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use nearmiss_store::Principal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::http::problem::Problem;

/// The cookie that holds a session's secret.
pub const SESSION_COOKIE: &str = "nearmiss_session";
/// The header in which a script carries the form token.
pub const FORM_TOKEN_HEADER: &str = "x-form-token";
/// Forms of the pages are at most this many bytes.
const MAX_FORM_BYTES: usize = 256 * 1024;

/// An authenticated caller. A session that writes must carry its form token in [`FORM_TOKEN_HEADER`]; a page's form
/// comes as [`CallerForm`] instead.
#[derive(Clone, Debug)]
pub struct Caller(pub Principal);

/// A signed-in person's form, its form token checked.
#[derive(Clone, Debug)]
pub struct CallerForm<T> {
    pub principal: Principal,
    pub form: T,
}

/// Nobody is known to call: API callers are told, browsers are sent to sign in.
#[derive(Debug)]
pub enum Stranger {
    Api(Problem),
    Page { wanted: String },
}

impl IntoResponse for Stranger {
    fn into_response(self) -> Response {
        match self {
            Self::Api(problem) => problem.into_response(),
            Self::Page { wanted } => {
                let next: String = wanted.bytes().map(percent).collect();
                Redirect::to(&format!("/sign-in?next={next}")).into_response()
            }
        }
    }
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// How somebody was recognised.
struct Recognised {
    principal: Principal,
    by_session: bool,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Stranger;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Stranger> {
        let Recognised { principal, by_session } =
            recognise(&parts.headers, app).await.map_err(Stranger::Api)?.ok_or_else(|| stranger(parts))?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let carried = parts.headers.get(FORM_TOKEN_HEADER).and_then(|value| value.to_str().ok());
        if by_session && !reads && !is_form_token(&principal, carried.unwrap_or_default()) {
            return Err(Stranger::Api(forged()));
        }
        Ok(Self(principal))
    }
}

#[derive(Deserialize)]
struct WithToken<T> {
    #[serde(default)]
    form_token: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned + Send> FromRequest<App> for CallerForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let known = recognise(&parts.headers, app).await.map_err(IntoResponse::into_response)?;
        let principal = known.ok_or_else(|| stranger(&parts).into_response())?.principal;
        let bytes = axum::body::to_bytes(body, MAX_FORM_BYTES).await;
        let bytes = bytes.map_err(|_| {
            let detail = format!("a form is at most {MAX_FORM_BYTES} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response()
        })?;
        let request = Request::from_parts(parts, axum::body::Body::from(bytes));
        let axum::Form(WithToken { form_token, form }) = axum::Form::from_request(request, app)
            .await
            .map_err(|fault| Problem::bad_request(fault.body_text()).into_response())?;
        if !is_form_token(&principal, &form_token) {
            return Err(forged().into_response());
        }
        Ok(Self { principal, form })
    }
}

fn is_form_token(principal: &Principal, carried: &str) -> bool {
    !principal.form_token.is_empty() && bool::from(principal.form_token.as_bytes().ct_eq(carried.as_bytes()))
}

fn forged() -> Problem {
    Problem::forbidden("the form token is missing or old: load the page again")
}

async fn recognise(headers: &HeaderMap, app: &App) -> Result<Option<Recognised>, Problem> {
    let now = app.clock.now();
    if let Some(token) = bearer(headers) {
        let principal = app.store.bearer(token, now).await?;
        return Ok(principal.map(|principal| Recognised { principal, by_session: false }));
    }
    let Some(secret) = session_cookie(headers) else { return Ok(None) };
    let principal = app.store.session(secret, now).await?;
    Ok(principal.map(|principal| Recognised { principal, by_session: true }))
}

fn stranger(parts: &Parts) -> Stranger {
    if super::is_for_programs(parts.uri.path()) {
        return Stranger::Api(Problem::unauthorized("a valid bearer token or session is needed"));
    }
    let wanted = if parts.method == Method::GET { parts.uri.to_string() } else { "/".to_owned() };
    Stranger::Page { wanted }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The session's secret, if the request has one.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).find_map(|pair| {
        let (name, secret) = pair.trim().split_once('=')?;
        (name == SESSION_COOKIE).then_some(secret)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn tokens_and_cookies_are_found_where_they_belong() {
        assert_eq!(bearer(&headers(&[("authorization", "bearer  nm_x")])), Some("nm_x"));
        assert_eq!(bearer(&headers(&[("authorization", "Basic nm_x")])), None);
        let cookies = headers(&[("cookie", "a=b; nearmiss_session=s3; c=d")]);
        assert_eq!(session_cookie(&cookies), Some("s3"));
        assert_eq!(session_cookie(&headers(&[("cookie", "xnearmiss_session=s3")])), None);
    }

    #[test]
    fn a_browser_is_led_back_to_where_it_wanted_to_go_and_nowhere_else() {
        let wanted = "/cases/NM-0001?x=//evil".to_owned();
        let answer = Stranger::Page { wanted }.into_response();
        assert_eq!(answer.headers()["location"], "/sign-in?next=/cases/NM-0001%3Fx%3D//evil");
    }
}
