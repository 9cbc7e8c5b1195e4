//! Several collectors on one database.

use std::collections::BTreeSet;

use super::world::*;
use crate::Store;
use crate::cases::CaseFilter;

#[tokio::test]
async fn two_collectors_that_write_at_once_give_each_case_its_own_number_and_lose_none() {
    const EACH: u8 = 12;
    let world = world().await;
    let other = Store::open(&world.place).await.unwrap();
    let write = async |store: &Store, first: u8| {
        for number in first..first + EACH {
            let mut unit = store.begin().await.unwrap();
            let case = opened(&mut unit, world.falcon, &format!("/srv/{number}"), number).await.case;
            unit.insert_case(world.falcon, &case, MORNING).await.unwrap();
            unit.commit().await.unwrap();
        }
    };
    tokio::join!(write(&world.store, 1), write(&other, 1 + EACH));
    for store in [&world.store, &other] {
        let cases =
            store.cases(&[world.falcon], &CaseFilter { limit: 100, ..CaseFilter::default() }).await.unwrap();
        let numbers: BTreeSet<u64> = cases.iter().map(|row| row.case.number).collect();
        assert_eq!(numbers, (1..=2 * u64::from(EACH)).collect());
    }
    other.close().await;
}
