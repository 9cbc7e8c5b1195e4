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
    let write = |store: Store, first: u8| {
        let scope = world.falcon;
        tokio::spawn(async move {
            for number in first..first + EACH {
                let mut unit = store.begin().await.unwrap();
                let case = opened(&mut unit, scope, &format!("/srv/{number}"), number).await.case;
                unit.insert_case(scope, &case, MORNING).await.unwrap();
                unit.commit().await.unwrap();
            }
        })
    };
    let (here, there) = (write(world.store.clone(), 1), write(other.clone(), 1 + EACH));
    here.await.unwrap();
    there.await.unwrap();
    for store in [&world.store, &other] {
        let cases =
            store.cases(&[world.falcon], &CaseFilter { limit: 100, ..CaseFilter::default() }).await.unwrap();
        let numbers: BTreeSet<u64> = cases.iter().map(|row| row.case.number).collect();
        assert_eq!(numbers, (1..=2 * u64::from(EACH)).collect());
    }
    other.close().await;
}
