//! One life in this process: composed, asked, ended, and taken up again.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::life::Life;
use super::*;
use crate::control::{Answer, CheckTold, Question, StatusTold, ask};

/// Probes that look at nothing of the machine the tests run on.
const QUIET: &str = "[collector]\nstatus_interval = \"200ms\"\n[observe]\nfor = \"0s\"\n[probe.disk]\nenabled = false\n[probe.service]\nenabled = false\n\
                     [probe.host]\nenabled = false\n[probe.log]\nenabled = false\n[probe.filesystem]\nenabled = false\n";

/// A daemon without a process of its own.
pub(crate) struct Running {
    life: Life,
    folder: TempDir,
}

impl Running {
    /// With these rules.
    pub(crate) async fn start(rules: &str) -> Self {
        Self::in_folder(Self::folder(rules)).await
    }

    /// A configuration with these rules that nothing was started with yet.
    pub(crate) fn folder(rules: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("rules.d")).unwrap();
        std::fs::write(folder.path().join("rules.d/test.toml"), rules).unwrap();
        let state = folder.path().join("state");
        let config = format!("state = \"{}\"\n{QUIET}", state.display());
        std::fs::write(folder.path().join("agent.toml"), config).unwrap();
        folder
    }

    pub(crate) async fn in_folder(folder: TempDir) -> Self {
        let settings = Settings::load(Some(&folder.path().join("agent.toml"))).unwrap();
        let clock = Clock::real();
        let started = clock.wall();
        let shared = Shared { clock, counters: Arc::default(), reload: Arc::default(), started };
        Self { life: Life::start(&settings, &shared).await.unwrap(), folder }
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.folder.path().join("state/control.sock")
    }

    pub(crate) async fn ask(&self, question: Question) -> Answer {
        ask(&self.control(), &question).await.unwrap()
    }

    async fn told<T: serde::de::DeserializeOwned>(&self, question: Question) -> T {
        match self.ask(question).await {
            Answer::Done(value) => serde_json::from_value(value).unwrap(),
            Answer::Refused(why) => panic!("{why}"),
        }
    }

    pub(crate) async fn status(&self) -> StatusTold {
        self.told(Question::Status).await
    }

    pub(crate) async fn stop(self) -> TempDir {
        assert!(!self.life.end().await, "a task failed");
        self.folder
    }
}

fn drill(abort: bool) -> Question {
    Question::Drill { name: "disk-failure".to_owned(), abort }
}

#[tokio::test]
async fn a_drill_opens_an_episode_and_is_retired_when_aborted() {
    let running = Running::start("[[disk]]\nname = \"story\"\nmatch = \"ST4000 *\"\n").await;
    assert!(matches!(running.ask(drill(false)).await, Answer::Done(_)));
    let check: CheckTold = running.told(Question::Check).await;
    let margin = check.signals.iter().find(|margin| margin.subject == "drill:disk-failure").unwrap();
    assert_eq!(margin.state.as_str(), "approached");
    assert!(matches!(running.ask(drill(true)).await, Answer::Done(_)));
    let check: CheckTold = running.told(Question::Check).await;
    assert!(check.signals.iter().all(|margin| !margin.subject.starts_with("drill:")));
    let status = running.status().await;
    assert_eq!((status.spool.events, status.open), (2, 0));
    running.stop().await;
}

#[tokio::test]
async fn with_the_rule_switched_off_a_drill_opens_nothing() {
    let running = Running::start("[[disk]]\nname = \"off\"\nenabled = false\n").await;
    let Answer::Refused(why) = running.ask(drill(false)).await else { panic!("it opened") };
    assert!(why.contains("no rule opened"), "{why}");
    assert_eq!(running.status().await.spool.events, 0);
    running.stop().await;
}

#[tokio::test]
async fn a_drill_that_a_restart_cut_short_is_retired_at_the_next_start() {
    let running = Running::start("").await;
    assert!(matches!(running.ask(drill(false)).await, Answer::Done(_)));
    let key = running.status().await.key;
    let folder = running.stop().await;
    let again = Running::in_folder(folder).await;
    let status = until(async || {
        let status = again.status().await;
        (status.spool.events == 2).then_some(status)
    })
    .await;
    assert_eq!((status.open, status.key), (0, key));
    again.stop().await;
}

/// Asks again until there is an answer.
pub(crate) async fn until<T>(mut asked: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            if let Some(answer) = asked().await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("a fact that did not come")
}
