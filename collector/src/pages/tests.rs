//! The routes as a browser and a program meet them, in one process: who sees what, and who may do what.

use std::path::Path;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use nearmiss_case::Case;
use nearmiss_case::context::ClientSettings;
use nearmiss_case::hours::Hours;
use nearmiss_runtime::clock::Clock;
use nearmiss_runtime::random::random;
use nearmiss_runtime::tasks::Tasks;
use nearmiss_shared::identity::HostId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Role;
use nearmiss_store::Store;
use nearmiss_store::accounts::{Accounts, ClientAccount, PersonAccount};
use nearmiss_store::authentication::{NewToken, TokenKind};
use nearmiss_store::hosts::NewHost;
use tower::ServiceExt;

use super::sample;
use crate::app::App;
use crate::config::Config;
use crate::http::router;
use crate::ids;

const OWN: &str = "sana@falcon.example";
const LOOKS_ON: &str = "victor@falcon.example";
const OTHER: &str = "vera@apex.example";

/// A server with one case of Falcon MRO and somebody of another client.
struct World {
    router: Router,
    app: App,
    case: Case,
    _folder: tempfile::TempDir,
    _tasks: Tasks,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

fn accounts() -> Accounts {
    let client = |name: &str| ClientAccount {
        name: name.into(),
        sites: Vec::new(),
        settings: ClientSettings::default(),
    };
    let person = |email: &str, client: &str, role| PersonAccount {
        name: email.split('@').next().unwrap().into(),
        email: email.into(),
        timezone: "UTC".into(),
        hours: Hours::Always,
        owner: false,
        dispatcher: false,
        on_call: Vec::new(),
        deputy: Vec::new(),
        roles: [(client.to_owned(), vec![role])].into(),
    };
    Accounts {
        provider: "Provider".into(),
        clients: vec![client("Falcon MRO"), client("Apex Lab")],
        people: vec![
            person(OWN, "Falcon MRO", Role::Sysadmin),
            person(LOOKS_ON, "Falcon MRO", Role::Viewer),
            person(OTHER, "Apex Lab", Role::Viewer),
        ],
    }
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&nearmiss_store::trial::place(folder.path()).await).await.unwrap();
        let now = Clock::real().now();
        let mut unit = store.begin().await.unwrap();
        let provider = unit.apply_accounts(&accounts(), "audience", now, &mut random).await.unwrap();
        unit.commit().await.unwrap();
        let clients = store.clients(provider).await.unwrap();
        let falcon = clients.iter().find(|client| client.name == "Falcon MRO").unwrap().scope();
        let mut case = sample::case(1);
        (case.provider, case.client) = (falcon.provider(), falcon.client());
        let mut unit = store.begin().await.unwrap();
        unit.insert_case(falcon, &case, now).await.unwrap();
        unit.commit().await.unwrap();
        let app = server(store, folder.path()).await;
        let tasks = Tasks::default();
        Self { router: router(app.clone()), app, case, _folder: folder, _tasks: tasks }
    }

    /// The cookie and form token of a session of this person.
    async fn session(&self, email: &str) -> (String, String) {
        let credentials = self.app.store.credentials(email).await.unwrap().unwrap();
        let (secret, form_token): (String, String) = (ids::secret(), ids::secret());
        let now: Timestamp = self.app.clock.now();
        let mut unit = self.app.store.begin().await.unwrap();
        unit.start_session(&credentials, &secret, &form_token, now, now.plus(Span::from_hours(1)))
            .await
            .unwrap();
        unit.commit().await.unwrap();
        (format!("nearmiss_session={secret}"), form_token)
    }

    async fn get(&self, path: &str, email: &str) -> Answer {
        let cookie = self.session(email).await.0;
        self.send(Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await
    }

    /// Posts JSON to the API as a script of a signed-in page would.
    async fn post(&self, path: &str, email: &str, body: &'static str) -> Answer {
        let (cookie, form_token) = self.session(email).await;
        let request = Request::post(path)
            .header("cookie", cookie)
            .header("x-form-token", form_token)
            .header("content-type", "application/json");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Posts a form of a page, with the token of its session.
    async fn form(&self, path: &str, email: &str, fields: &str) -> Answer {
        let (cookie, form_token) = self.session(email).await;
        let request = Request::post(path)
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(format!("form_token={form_token}&{fields}"))).unwrap()).await
    }

    /// A host of Falcon MRO that never reported.
    async fn enrol(&self, name: &str) -> HostId {
        let (now, secret) = (self.app.clock.now(), ids::secret());
        let clients = self.app.store.clients(self.app.operator.scope()).await.unwrap();
        let falcon = clients.iter().find(|client| client.name == "Falcon MRO").unwrap().scope();
        let token = NewToken {
            secret: secret.clone(),
            id: ids::token(now),
            kind: TokenKind::Enrol,
            name: "lab".into(),
            site: None,
            roles: Vec::new(),
            uses: Some(1),
            expires_at: now.plus(Span::from_hours(1)),
        };
        let host = NewHost {
            id: ids::host(now),
            name: name.into(),
            machine: String::new(),
            public_key: "key".into(),
            agent_version: "1".into(),
            replace: None,
            at: now,
        };
        let id = host.id;
        let mut unit = self.app.store.begin().await.unwrap();
        unit.create_token(falcon, token).await.unwrap();
        let enrolment = unit.enrolment(&secret, now).await.unwrap().unwrap();
        unit.enrol_host(&enrolment, host).await.unwrap();
        unit.commit().await.unwrap();
        id
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

async fn server(store: Store, data: &Path) -> App {
    let config = Config { data: data.to_owned(), ..Config::default() };
    let operator = store.operator().await.unwrap().unwrap();
    let stop = Tasks::default().stop_signal();
    App::new(store, Clock::real(), config, operator, "http://127.0.0.1:1".into(), stop)
}

#[tokio::test]
async fn a_case_of_another_client_is_not_there_on_any_way_in() {
    let world = World::new().await;
    let id = world.case.id;
    let evidence = world.case.evidence[0].bundle;
    for path in [
        format!("/cases/{id}"),
        "/cases/NM-0001".to_owned(),
        "/cases/NM-0001/retrospective".to_owned(),
        format!("/api/v1/cases/{id}"),
        "/api/v1/cases/1".to_owned(),
        format!("/api/v1/cases/{id}/timeline"),
        format!("/api/v1/cases/{id}/retrospective"),
        format!("/api/v1/evidence/{evidence}"),
    ] {
        let other = world.get(&path, OTHER).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{path}: {}", other.text);
        assert!(!other.text.contains("/srv"), "{path} tells of the case");
        if !path.contains("evidence") {
            assert_eq!(world.get(&path, OWN).await.status, StatusCode::OK, "{path} for its own client");
        }
    }
    assert!(world.get("/", OWN).await.text.contains("/srv filling"));
    assert!(!world.get("/", OTHER).await.text.contains("/srv"));
    assert!(!world.get("/?client=Falcon%20MRO", OTHER).await.text.contains("/srv"));
    assert_eq!(world.get("/api/v1/cases", OTHER).await.text, r#"{"items":[],"next":null}"#);
    let acknowledge = format!("/api/v1/cases/{id}/acknowledge");
    assert_eq!(world.post(&acknowledge, OTHER, "{}").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_may_look_may_not_act_and_a_refusal_names_its_rule() {
    let world = World::new().await;
    let path = |act: &str| format!("/api/v1/cases/{}/{act}", world.case.id);
    assert_eq!(world.post(&path("acknowledge"), LOOKS_ON, "{}").await.status, StatusCode::FORBIDDEN);
    let page = world.get("/cases/NM-0001", LOOKS_ON).await.text;
    assert!(!page.contains("action=\"/cases/"), "a viewer is offered nothing to press: {page}");

    let refused = world.post(&path("close"), OWN, "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("close needs four answers"), "{}", refused.text);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    let broken = world.post(&path("accept"), OWN, "{\"until\": 3}").await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST, "{}", broken.text);

    let done = world.post(&path("acknowledge"), OWN, r#"{"comment": "on it"}"#).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains(r#""state":"acknowledged""#), "{}", done.text);
}

#[tokio::test]
async fn wrong_passwords_are_soon_answered_with_a_wait() {
    let world = World::new().await;
    let attempt = || {
        let body = format!("email={OWN}&password=guessed+again&next=/margins");
        Request::post("/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    for _ in 0..5 {
        let wrong = world.send(attempt()).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{}", wrong.text);
    }
    let refused = world.send(attempt()).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.text);
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=5).contains(&seconds));
    assert!(
        refused.text.contains(&format!("Try again in {seconds} s")) && refused.text.contains(OWN),
        "{}",
        refused.text
    );
    let long = "x".repeat(70_000);
    let huge = Request::post("/sign-in").header("content-type", "application/x-www-form-urlencoded");
    let huge = world.send(huge.body(Body::from(format!("email={long}"))).unwrap()).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE, "no password is that long");
}

#[tokio::test]
async fn a_form_counts_only_with_the_token_of_its_session() {
    let world = World::new().await;
    let (cookie, form_token) = world.session(OWN).await;
    let post = |token: &str| {
        let body = format!("form_token={token}&from=now");
        Request::post(format!("/cases/{}/acknowledge", world.case.id))
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(world.send(post("forged")).await.status, StatusCode::FORBIDDEN);
    let done = world.send(post(&form_token)).await;
    assert_eq!((done.status, done.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));
    let page = world.get("/cases/NM-0001", OWN).await.text;
    assert!(page.contains("sana acknowledged"), "{page}");
}

#[tokio::test]
async fn every_page_says_what_the_browser_may_not_do_and_holds_nothing_inline() {
    let world = World::new().await;
    for path in [
        "/",
        "/margins",
        "/hosts",
        "/cases",
        "/cases/NM-0001",
        "/cases/NM-0001/retrospective",
        "/nowhere",
        "/cases/x",
    ] {
        let page = world.get(path, OWN).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(page.headers["referrer-policy"], "no-referrer", "{path}");
        assert!(page.text.starts_with("<!doctype html>"), "{path} is no page: {}", page.text);
        for inline in ["<style", " style=", "<script>", " onclick="] {
            assert!(!page.text.contains(inline), "{path} holds {inline}");
        }
    }
}

#[tokio::test]
async fn maintenance_is_asked_from_the_page_of_hosts_by_those_who_may_act() {
    let world = World::new().await;
    let host = world.enrol("lab-<7>").await;
    let page = world.get("/hosts", OWN).await.text;
    assert!(
        page.contains("lab-&#60;7&#62;") && page.contains("Falcon MRO") && page.contains("never"),
        "{page}"
    );
    assert!(page.contains("none: people are paged"), "{page}");
    assert!(page.contains("nearmiss-agent enrol http://127.0.0.1:1 TOKEN"), "{page}");
    assert!(!world.get("/hosts", LOOKS_ON).await.text.contains("Ask for maintenance"));
    assert!(!world.get("/hosts", OTHER).await.text.contains("lab-"));

    let path = format!("/hosts/{host}/maintenance");
    let reason = "span=2h&reason=new+disk";
    assert_eq!(world.form(&path, LOOKS_ON, reason).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.form(&path, OTHER, reason).await.status, StatusCode::NOT_FOUND);
    for wrong in ["span=2h&reason=+", "span=soon&reason=new+disk", "reason=new+disk"] {
        assert_eq!(world.form(&path, OWN, wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let done = world.form(&path, OWN, reason).await;
    assert_eq!((done.status, done.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/hosts"));
    let page = world.get("/hosts", OWN).await.text;
    assert!(page.contains("the host has not answered yet"), "{page}");
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_answered_with_a_page() {
    let world = World::new().await;
    for path in ["/sign-in", "/a/nm_unknown"] {
        for (kind, body) in [("text/plain", "x"), ("application/x-www-form-urlencoded", "a=1&a=%ff")] {
            let broken = Request::post(path).header("content-type", kind).body(Body::from(body)).unwrap();
            let answer = world.send(broken).await;
            assert!(answer.status.is_client_error(), "{path} {kind}: {}", answer.status);
            assert!(answer.text.starts_with("<!doctype html>"), "{path} {kind}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_refusal_leads_back_to_its_case_and_keeps_what_was_typed() {
    let world = World::new().await;
    let path = format!("/cases/{}", world.case.id);
    let fields = "until=2020-01-01&reason=a+new+disk+is+ordered";
    let refused = world.form(&format!("{path}/accept"), OWN, fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    for part in
        ["href=\"/cases/NM-0001\"", "Back to NM-0001", "a new disk is ordered", "1 Jan 23:59 UTC has passed"]
    {
        assert!(refused.text.contains(part), "{part} is not in {}", refused.text);
    }
    let early = world.form(&format!("{path}/retrospective/held"), OWN, "").await;
    assert!(early.text.contains("href=\"/cases/NM-0001/retrospective#held\""), "{}", early.text);
    let page = world.get("/cases/NM-0001", OWN).await.text;
    assert!(page.contains("Nobody else holds a role at Falcon MRO"), "{page}");
}

#[tokio::test]
async fn a_link_that_ended_says_so_and_a_stranger_is_sent_to_sign_in() {
    let world = World::new().await;
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let ended = world.send(get("/a/nm_unknown")).await;
    assert_eq!(ended.status, StatusCode::GONE);
    assert!(ended.text.contains("This link has ended"), "{}", ended.text);
    let stranger = world.send(get("/cases/NM-0001")).await;
    assert_eq!(stranger.headers["location"], "/sign-in?next=/cases/NM-0001");
    assert_eq!(world.send(get("/api/v1/margins")).await.status, StatusCode::UNAUTHORIZED);
}
