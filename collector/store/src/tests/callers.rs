//! Who calls: sessions, tokens, links.

use nearmiss_shared::time::Span;

use super::world::*;
use crate::Place;
use crate::authentication::TokenKind;

#[tokio::test]
async fn a_session_sees_its_own_clients_until_it_ends() {
    let world = world().await;
    let vera = world.store.credentials(" Vera@example.ORG ").await.unwrap().unwrap();
    let omar = world.store.credentials("omar@example.org").await.unwrap().unwrap();
    let mut unit = world.store.begin().await.unwrap();
    let end = MORNING.plus(Span::from_hours(12));
    unit.start_session(&vera, "secret of vera", "form", MORNING, end).await.unwrap();
    unit.start_session(&omar, "secret of omar", "form", MORNING, end).await.unwrap();
    unit.commit().await.unwrap();

    let viewer = world.store.session("secret of vera", MORNING).await.unwrap().unwrap();
    assert_eq!((viewer.scopes(), viewer.form_token.as_str()), (vec![world.apex], "form"));
    assert!(viewer.actor(world.apex.client()).is_none(), "a viewer only looks");
    let owner = world.store.session("secret of omar", MORNING).await.unwrap().unwrap();
    assert_eq!(owner.scopes(), vec![world.apex, world.falcon]);
    assert!(world.store.session("secret of nobody", MORNING).await.unwrap().is_none());
    assert!(world.store.session("secret of vera", end).await.unwrap().is_none(), "it has ended");
    let mut unit = world.store.begin().await.unwrap();
    unit.end_session("secret of omar").await.unwrap();
    unit.commit().await.unwrap();
    assert!(world.store.session("secret of omar", MORNING).await.unwrap().is_none(), "signed out");
}

#[tokio::test]
async fn a_token_is_of_one_client_and_one_kind_and_enrols_only_so_often() {
    let world = world().await;
    let mut unit = world.store.begin().await.unwrap();
    unit.create_token(world.falcon, token("call", TokenKind::Api, None)).await.unwrap();
    unit.create_token(world.falcon, token("enrol", TokenKind::Enrol, Some(1))).await.unwrap();
    assert!(unit.enrolment("call", MORNING).await.unwrap().is_none(), "an API token enrols nobody");
    assert!(unit.enrolment("enrol", MORNING.plus(Span::from_hours(2))).await.unwrap().is_none(), "expired");
    assert_eq!(unit.enrolment("enrol", MORNING).await.unwrap().unwrap().scope(), world.falcon);
    assert!(unit.enrolment("enrol", MORNING).await.unwrap().is_none(), "used up");
    unit.commit().await.unwrap();
    let caller = world.store.bearer("call", MORNING).await.unwrap().unwrap();
    assert_eq!(caller.scopes(), vec![world.falcon]);
    assert!(
        world.store.bearer("enrol", MORNING).await.unwrap().is_none(),
        "an enrolment token calls nothing"
    );
}

#[tokio::test]
async fn a_link_lets_one_person_act_on_one_case_of_one_client() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let omar = world.store.credentials("omar@example.org").await.unwrap().unwrap().person;
    let vera = world.store.credentials("vera@example.org").await.unwrap().unwrap().person;
    let end = MORNING.plus(Span::from_days(7));
    let mut unit = world.store.begin().await.unwrap();
    unit.add_link(world.falcon, case.id, omar, "of omar", end).await.unwrap();
    unit.add_link(world.falcon, case.id, vera, "of vera", end).await.unwrap();
    unit.savepoint().await.unwrap();
    assert!(unit.add_link(world.apex, case.id, omar, "across", end).await.is_err(), "not a case of Apex");
    unit.undo().await.unwrap();
    unit.commit().await.unwrap();

    let link = world.store.link("of omar", MORNING).await.unwrap().unwrap();
    assert_eq!((link.scope(), link.case), (world.falcon, case.id));
    assert_eq!(link.principal.scopes(), vec![world.falcon], "though omar sees Apex too");
    assert!(link.principal.actor(world.falcon.client()).is_some());
    assert!(world.store.link("of vera", MORNING).await.unwrap().is_none(), "no role at Falcon");
    assert!(world.store.link("of nobody", MORNING).await.unwrap().is_none());
    assert!(world.store.link("of omar", end).await.unwrap().is_none(), "it has ended");
    assert!(world.store.session("of omar", MORNING).await.unwrap().is_none(), "a link signs nobody in");
    assert!(world.store.bearer("of omar", MORNING).await.unwrap().is_none());
}

#[tokio::test]
async fn no_secret_is_in_the_database_file() {
    let world = world().await;
    // What PostgreSQL keeps where is its own affair; the statements are the same.
    let Place::File(file) = &world.place else { return };
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let sana = world.store.credentials("sana@example.org").await.unwrap().unwrap();
    let end = MORNING.plus(Span::from_days(7));
    let mut unit = world.store.begin().await.unwrap();
    unit.start_session(&sana, "SECRET-session", "form", MORNING, end).await.unwrap();
    unit.create_token(world.falcon, token("SECRET-token", TokenKind::Api, None)).await.unwrap();
    unit.add_link(world.falcon, case.id, sana.person, "SECRET-link", end).await.unwrap();
    unit.commit().await.unwrap();
    assert!(world.store.session("SECRET-session", MORNING).await.unwrap().is_some());
    world.store.close().await;
    let bytes = std::fs::read(file).unwrap();
    let contains = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(contains("sana@example.org"), "the file is read");
    assert!(!contains("SECRET-"));
}

#[tokio::test]
async fn what_has_ended_is_removed_and_nothing_else() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let sana = world.store.credentials("sana@example.org").await.unwrap().unwrap();
    let (soon, later) = (MORNING.plus(Span::from_hours(1)), MORNING.plus(Span::from_hours(2)));
    let mut unit = world.store.begin().await.unwrap();
    for (name, end) in [("short", soon), ("long", later)] {
        unit.start_session(&sana, name, "form", MORNING, end).await.unwrap();
        unit.add_link(world.falcon, case.id, sana.person, name, end).await.unwrap();
        let token = token(name, TokenKind::Api, None);
        unit.create_token(world.falcon, crate::authentication::NewToken { expires_at: end, ..token })
            .await
            .unwrap();
    }
    assert_eq!(unit.forget_expired(&world.operator, soon.minus(Span::from_millis(1))).await.unwrap(), 0);
    assert_eq!(unit.forget_expired(&world.operator, soon).await.unwrap(), 3);
    unit.commit().await.unwrap();
    assert!(world.store.session("long", soon).await.unwrap().is_some());
    assert!(world.store.link("long", soon).await.unwrap().is_some());
    assert!(world.store.bearer("long", soon).await.unwrap().is_some());
}
