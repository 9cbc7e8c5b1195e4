//! From the engine's messages to outbox rows: one a person by mail, one a webhook that wants the kind.

use nearmiss_case::Case;
use nearmiss_case::engine::Message;
use nearmiss_shared::bundle::sha256_hex;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::outbox::{Channel, NewMessage};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::ids;

/// What a row carries beside its columns. The text is made when it is sent, from the case as it is then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    pub v: u32,
    /// The name of the webhook it goes to.
    #[serde(default)]
    pub webhook: Option<String>,
}

/// The rows of one move. `cause` tells this move from every other of the case, so that a repeat is known as one.
pub fn messages(
    config: &Config,
    case: &Case,
    messages: &[Message],
    cause: &str,
    now: Timestamp,
) -> Vec<NewMessage> {
    let row = |message: &Message, channel: Channel, receiver: &str, webhook: Option<&str>| NewMessage {
        id: ids::message(now),
        case: case.id,
        person: webhook.is_none().then_some(message.to),
        channel,
        lane: webhook.map_or_else(|| channel.to_string(), |name| format!("{channel} {name}")),
        kind: message.kind.to_string(),
        urgent: message.urgent,
        dedup: dedup(case, message, receiver, cause),
        body: serde_json::to_string(&Body { v: 1, webhook: webhook.map(str::to_owned) }).unwrap_or_default(),
        created_at: now,
        due_at: now,
    };
    let mails = messages.iter().map(|message| row(message, Channel::Email, &message.to.to_string(), None));
    let mut rows: Vec<NewMessage> = mails.collect();
    for hook in &config.webhook {
        let mut told = Vec::new();
        for message in messages {
            let wanted = hook.kinds.is_empty() || hook.kinds.contains(&message.kind);
            if wanted && !told.contains(&message.kind) {
                told.push(message.kind);
                rows.push(row(message, Channel::Webhook, &hook.name, Some(&hook.name)));
            }
        }
    }
    rows
}

/// Stable over every retry: the Message-ID of a mail, the webhook-id of a webhook.
fn dedup(case: &Case, message: &Message, receiver: &str, cause: &str) -> String {
    let told = format!("{receiver}\n{}\n{cause}", message.number);
    let hash = sha256_hex(told.as_bytes());
    format!("{}.{}.{}", message.kind, case.id, hash.get(..16).unwrap_or_default())
}
