//! The file of accounts.

use nearmiss_shared::vocabulary::Role;

use super::world::*;

#[tokio::test]
async fn accounts_applied_twice_are_the_same_accounts() {
    let world = world().await;
    let before = world.store.people(world.falcon).await.unwrap();
    let mut unit = world.store.begin().await.unwrap();
    unit.apply_accounts(&accounts(), "another", MORNING, &mut bytes_from(100)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(world.store.people(world.falcon).await.unwrap(), before);
    assert_eq!(
        world.store.operator().await.unwrap().unwrap().audience,
        "collector",
        "agents were told the first"
    );
    let names: Vec<&str> = before.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["omar", "sana"], "the client's own and the provider's");
    assert!(
        world.store.people(world.apex).await.unwrap().iter().all(|person| person.name != "vera"),
        "viewers act not"
    );
}

#[tokio::test]
async fn an_account_that_names_no_client_is_refused_whole() {
    let world = world().await;
    let mut wrong = accounts();
    wrong.people.push(person("tariq", &[("Falkon", Role::Devops)], false));
    let mut unit = world.store.begin().await.unwrap();
    let fault = unit.apply_accounts(&wrong, "collector", MORNING, &mut bytes_from(100)).await.unwrap_err();
    assert!(fault.to_string().contains("`Falkon`"), "{fault}");
    drop(unit);
    assert!(world.store.credentials("tariq@example.org").await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_holds_a_pager_who_could_not_answer_it() {
    let world = world().await;
    let mut wrong = accounts();
    wrong.people[1].on_call = vec!["Apex".to_owned()];
    let mut unit = world.store.begin().await.unwrap();
    let fault = unit.apply_accounts(&wrong, "collector", MORNING, &mut bytes_from(100)).await.unwrap_err();
    assert!(fault.to_string().starts_with("vera@Example.org is to answer for `Apex`"), "{fault}");
}

#[tokio::test]
async fn a_password_outlives_the_file_and_an_address_is_found_however_it_is_written() {
    let world = world().await;
    let mut unit = world.store.begin().await.unwrap();
    let provider = world.operator.scope();
    assert!(unit.set_password(provider, " SANA@example.org", "hash").await.unwrap());
    assert!(!unit.set_password(provider, "nobody@example.org", "hash").await.unwrap());
    let mut untidy = accounts();
    untidy.people[0].email = " Sana@example.org ".to_owned();
    unit.apply_accounts(&untidy, "collector", MORNING, &mut bytes_from(100)).await.unwrap();
    unit.commit().await.unwrap();
    let sana = world.store.credentials("sana@example.org").await.unwrap().unwrap();
    assert_eq!(sana.password_hash.as_deref(), Some("hash"));
}

#[tokio::test]
async fn somebody_of_client_and_provider_holds_each_role_once() {
    let world = world().await;
    let mut both = accounts();
    both.people[0].owner = true;
    both.people[0].roles.insert("Apex".to_owned(), vec![Role::Owner, Role::Devops]);
    let mut unit = world.store.begin().await.unwrap();
    unit.apply_accounts(&both, "collector", MORNING, &mut bytes_from(100)).await.unwrap();
    let roles = |people: Vec<nearmiss_case::person::Person>| {
        people.into_iter().find(|person| person.name == "sana").map(|person| person.roles)
    };
    assert_eq!(roles(unit.people(world.apex).await.unwrap()), Some(vec![Role::Devops, Role::Owner]));
    assert_eq!(roles(unit.people(world.falcon).await.unwrap()), Some(vec![Role::Sysadmin, Role::Owner]));
}
