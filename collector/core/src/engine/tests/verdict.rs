//! What a case is proposed to have been.

use super::*;

#[test]
fn a_login_case_is_averted_only_when_security_ruled() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| {
        facts.category = Category::Login;
        facts.signal = "log.failed-logins".to_owned();
    });
    let case = world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(case.proposed, Some(Verdict::Undetermined));
    let ruling = Command::Rule { ruling: Ruling::NoCompromise, reason: "key-only host".to_owned() };
    assert_eq!(world.acts(1, ruling.clone()).unwrap_err().rule, "the Security Lead rules");
    world.acts(3, ruling).unwrap();
    assert_eq!(world.case().proposed, Some(Verdict::Averted));
}
