//! Which episodes of a batch are over before anybody could hear of them: what a host tells after an outage is history.

use std::collections::BTreeMap;

use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::Event;

/// An episode, by signal, subject and number.
type Episode = (String, String, Option<u64>);

/// The last sequence at which each episode of a batch was told to be over.
pub(super) struct Ends(BTreeMap<Episode, u64>);

impl Ends {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut ends = BTreeMap::new();
        for event in events.iter().filter(|event| is_end(&event.kind)) {
            let end = ends.entry(episode(event)).or_insert(event.sequence);
            *end = event.sequence.max(*end);
        }
        Self(ends)
    }

    /// Whether the event is of an episode that this batch tells the end of.
    pub(super) fn come_after(&self, event: &Event) -> bool {
        self.0.get(&episode(event)).is_some_and(|end| event.sequence <= *end)
    }
}

const fn is_end(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Recovered | EventKind::Restored | EventKind::Retired)
}

fn episode(event: &Event) -> Episode {
    (event.signal.clone(), event.subject.clone(), event.episode)
}

#[cfg(test)]
mod tests {
    use nearmiss_case::words::{MessageKind, Workflow};
    use nearmiss_shared::vocabulary::EventKind;
    use nearmiss_shared::wire::v1::Event;

    use crate::lab::{Host, Lab};

    fn again(host: &Host, lab: &Lab, sequence: u64) -> Event {
        Event { episode: Some(2), ..host.approach(lab, sequence) }
    }

    #[tokio::test]
    async fn what_was_over_when_the_line_came_back_wakes_nobody() {
        let lab = Lab::new().await;
        let host = lab.host("cal-db-1", 7).await;
        let told = [EventKind::Worsened, EventKind::Receding, EventKind::Recovered];
        let rest = told.into_iter().zip(2..).map(|(kind, sequence)| host.event(&lab, kind, sequence));
        host.tells(&lab, std::iter::once(host.approach(&lab, 1)).chain(rest).collect()).await;
        let case = lab.cases().await.remove(0);
        assert_eq!((case.learned_late, case.workflow), (true, Workflow::Stabilised));
        let messages = lab.outbox(case.id).await;
        let kinds: Vec<&str> = messages.iter().map(|message| message.kind.as_str()).collect();
        assert!(messages.iter().all(|message| !message.urgent), "{kinds:?}");
        assert!(kinds.contains(&MessageKind::WrittenRetrospective.as_str()), "{kinds:?}");
    }

    #[tokio::test]
    async fn the_episode_that_still_runs_is_answered_for_as_ever() {
        let lab = Lab::new().await;
        let host = lab.host("cal-db-1", 7).await;
        let ended = host.event(&lab, EventKind::Recovered, 2);
        host.tells(&lab, vec![host.approach(&lab, 1), ended, again(&host, &lab, 3)]).await;
        let case = lab.cases().await.remove(0);
        assert_eq!((case.workflow, case.episodes.len()), (Workflow::Reopened, 2));
        assert!(case.responder.is_some_and(|one| one.paged));
    }
}
