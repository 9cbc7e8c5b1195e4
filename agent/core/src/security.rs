//! What an attacker changes on a host before he succeeds, and what is left undone: pure parsers, and one judge of deviations.
//!
//! Listening sockets, the directives of sshd, the rules of sudo, privileged users and authorised keys are inventories: things by
//! name, each with what it is. The first look says what this host has; what deviates is near at once, until it is undone
//! or a person accepts it. Pending updates and a reboot that is due have the days of a policy left.

mod accounts;
mod inventory;
mod kept;
mod keys;
mod listeners;
mod sshd;
mod sudoers;
mod updates;

pub use accounts::{Account, accounts, privileged};
pub use inventory::{Counts, Inventory, Kind, Known, Weaker};
pub use keys::{add_key, is_freer, keys};
pub use listeners::{Protocol, Socket, listening};
pub use sshd::{Directives, includes};
pub use sudoers::rules as sudo_rules;
pub use updates::{Update, apt, dnf, kernel_order};
