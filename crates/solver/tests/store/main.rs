//! What the store keeps, and gives back.

mod chain;
mod disk;
mod file;
mod fixture;
mod outbox;
mod task;
