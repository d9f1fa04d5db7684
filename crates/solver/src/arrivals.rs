use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Requests that wait for tasks which the chain has not shown yet.
#[derive(Debug, Default)]
pub struct Arrivals(Mutex<HashMap<u64, Arc<Notify>>>);

/// A place in the queue for a task, which is left when this is dropped.
pub struct Waiting<'a> {
    arrivals: &'a Arrivals,
    task: u64,
    /// Tells that the task is there.
    pub arrived: Arc<Notify>,
}

impl Arrivals {
    /// Queues for a task. What arrives from now on is told.
    pub fn wait_for(&self, task: u64) -> Waiting<'_> {
        let arrived = Arc::clone(self.lock().entry(task).or_default());
        Waiting {
            arrivals: self,
            task,
            arrived,
        }
    }

    /// Tells who waits for these tasks that they are there.
    pub fn tell(&self, tasks: impl Iterator<Item = u64>) {
        let mut waiting = self.lock();
        for task in tasks {
            if let Some(arrived) = waiting.remove(&task) {
                arrived.notify_waiters();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.arrivals.lock();
        // The last one but the map's own.
        if waiting.get(&self.task).is_some_and(|arrived| {
            Arc::ptr_eq(arrived, &self.arrived) && Arc::strong_count(arrived) <= 2
        }) {
            waiting.remove(&self.task);
        }
    }
}
