//! `/sign-in`, `/sign-out`: a password for a session's cookie. An unknown address and a wrong password take as long
//! and read the same; who was wrong too often waits.

use std::net::{IpAddr, SocketAddr};

use askama::Template;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::header::{COOKIE, RETRY_AFTER, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use nearmiss_shared::time::Span;
use serde::Deserialize;

use super::form::{Fields, PageForm};
use super::shell::Shell;
use super::{PageFault, render, when};
use crate::app::App;
use crate::http::auth::{CallerForm, SESSION_COOKIE, session_cookie};
use crate::ids;

/// How long a sign-in lasts.
const SESSION: Span = Span::from_hours(12);
/// The form is at most this many bytes.
pub(super) const MAX_FORM_BYTES: usize = 64 * 1024;
/// When too many wait for the check of their password.
const BUSY: Span = Span::from_seconds(2);

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    shell: Shell,
    next: String,
    email: String,
    /// What is wrong with the last attempt.
    fault: Option<String>,
}

impl SignIn {
    fn new(next: &str, email: &str, fault: Option<String>) -> Self {
        Self { shell: Shell::plain("Sign in"), next: local(next), email: email.to_owned(), fault }
    }
}

/// Why nobody is signed in.
enum NotSignedIn {
    Wrong,
    Wait(Span),
    Fault(PageFault),
}

impl<T: Into<PageFault>> From<T> for NotSignedIn {
    fn from(fault: T) -> Self {
        Self::Fault(fault.into())
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in?next=`.
pub(super) async fn page(Query(wanted): Query<Wanted>) -> Result<Response, PageFault> {
    render(&SignIn::new(&wanted.next, "", None))
}

/// `POST /sign-in`.
pub(super) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
    PageForm(form): PageForm,
) -> Result<Response, PageFault> {
    if headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site") {
        return Err(PageFault::Forbidden("Sign in on this collector's own page.".to_owned()));
    }
    let (email, next) = (form.text("email"), form.text("next"));
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    match start(&app, &email, form.raw("password"), peer).await {
        Ok(cookie) => Ok(([(SET_COOKIE, cookie)], Redirect::to(&local(&next))).into_response()),
        Err(NotSignedIn::Wrong) => {
            let page = SignIn::new(&next, &email, Some(WRONG.to_owned())).render()?;
            Ok((StatusCode::UNAUTHORIZED, Html(page)).into_response())
        }
        Err(NotSignedIn::Wait(length)) => wait(&next, &email, length),
        Err(NotSignedIn::Fault(fault)) => Err(fault),
    }
}

const WRONG: &str = "This address and password do not belong together.";

/// Too many attempts: the page says when the next one counts.
fn wait(next: &str, email: &str, length: Span) -> Result<Response, PageFault> {
    let seconds = length.as_seconds().ceil().max(1.0);
    let fault = format!("Too many attempts. Try again in {}.", when::span(seconds));
    let page = SignIn::new(next, email, Some(fault)).render()?;
    let after = [(RETRY_AFTER, format!("{seconds}"))];
    Ok((StatusCode::TOO_MANY_REQUESTS, after, Html(page)).into_response())
}

/// A session for the right password; its cookie.
async fn start(
    app: &App,
    email: &str,
    password: String,
    peer: Option<IpAddr>,
) -> Result<HeaderValue, NotSignedIn> {
    let turn = app.gate.turn().await.ok_or(NotSignedIn::Wait(BUSY))?;
    let attempt = app.attempts.begin(email, peer, app.clock.now()).map_err(NotSignedIn::Wait)?;
    let known = app.store.credentials(email).await?;
    let stored = known.as_ref().and_then(|known| known.password_hash.clone());
    let right = turn.verify(password, stored).await.map_err(|fault| PageFault::Inside(fault.to_string()))?;
    let credentials = known.filter(|_| right).ok_or(NotSignedIn::Wrong)?;
    app.attempts.forgive(&attempt);
    let (secret, now) = (ids::secret(), app.clock.now());
    let mut unit = app.store.begin().await?;
    unit.start_session(&credentials, &secret, &ids::secret(), now, now.plus(SESSION)).await?;
    unit.commit().await?;
    Ok(cookie(&secret, SESSION, &app.public_url)?)
}

/// `POST /sign-out`.
pub(super) async fn out(
    State(app): State<App>,
    headers: HeaderMap,
    _form: CallerForm<Fields>,
) -> Result<Response, PageFault> {
    if let Some(secret) = session_cookie(&headers) {
        let mut unit = app.store.begin().await?;
        unit.end_session(secret).await?;
        unit.commit().await?;
    }
    let gone = cookie("", Span::ZERO, &app.public_url)?;
    Ok(([(SET_COOKIE, gone)], Redirect::to("/sign-in")).into_response())
}

fn cookie(secret: &str, length: Span, public_url: &str) -> Result<HeaderValue, PageFault> {
    let secure = if public_url.starts_with("https://") { "; Secure" } else { "" };
    let seconds = length.as_millis() / 1000;
    let text =
        format!("{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).map_err(|fault| PageFault::Inside(format!("{COOKIE}: {fault}")))
}

/// A path of this collector, or `/`: never another site.
fn local(next: &str) -> String {
    let fine = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n'])
        && !next.starts_with("/sign-");
    if fine { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(local("/cases/NM-0001"), "/cases/NM-0001");
        for next in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/sign-out", "cases"] {
            assert_eq!(local(next), "/", "{next}");
        }
    }

    #[test]
    fn the_cookie_is_careful_and_secure_where_the_address_is() {
        let plain = cookie("s", SESSION, "http://127.0.0.1:1").unwrap();
        assert_eq!(plain, "nearmiss_session=s; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200");
        assert!(cookie("s", SESSION, "https://nm.example").unwrap().to_str().unwrap().ends_with("; Secure"));
    }

    #[test]
    fn the_page_keeps_the_address_and_says_no_more_than_needed() {
        let page = SignIn::new("/margins", "a\"b@x.example", Some(WRONG.to_owned())).render().unwrap();
        assert!(
            page.contains("value=\"a&#34;b@x.example\"") && page.contains("value=\"/margins\""),
            "{page}"
        );
        assert!(page.contains("address and password do not belong together"));
    }
}
