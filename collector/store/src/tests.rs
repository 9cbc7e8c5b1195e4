//! Stories of the store, each in a database of its own.

mod accounts;
mod callers;
mod cases;
mod clocks;
mod events;
mod evidence;
mod hosts;
mod many;
mod messages;
mod rows;
mod tenants;
mod timeline;
mod world;
