//! Background work: one named thread, its latest progress, one cancel flag, one panic guard.
//!
//! The window polls a job once a frame and never waits for it. Dropping a job asks it to stop. This is the
//! only module that starts threads or catches panics.

use crate::engine::progress::{CancelFlag, Control, Progress, Stage};
use poll_promise::Promise;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a job ended.
#[derive(Debug)]
pub enum Outcome<T> {
    Done(T),
    Cancelled,
    Failed(anyhow::Error),
    /// The work panicked: a defect of ours. The message is for a report, nothing else is lost.
    Panicked(String),
}

/// Work on a thread of its own.
pub struct Job<T: Send + 'static> {
    name: String,
    started: Instant,
    cancel: CancelFlag,
    latest: Arc<Mutex<Progress>>,
    promise: Option<Promise<Outcome<T>>>,
}

impl<T: Send + 'static> Job<T> {
    /// Starts `work` on a thread called `name`; `wake` is called after every report and at the end, so that
    /// a sleeping window draws again.
    pub fn spawn(
        name: impl Into<String>,
        wake: impl Fn() + Send + Sync + 'static,
        work: impl FnOnce(&Control) -> anyhow::Result<T> + Send + 'static,
    ) -> Self {
        let name = name.into();
        let cancel = CancelFlag::default();
        let latest = Arc::new(Mutex::new(Progress::new(Stage::Preparing, 0, 1)));
        let wake = Arc::new(wake);
        let control = {
            let (latest, wake) = (Arc::clone(&latest), Arc::clone(&wake));
            Control::new(cancel.clone(), move |progress| {
                replace_keeping_preview(&latest, progress);
                wake();
            })
        };
        let promise = Promise::spawn_thread(name.clone(), move || {
            let outcome = run_guarded(work, &control);
            wake();
            outcome
        });
        Self { name, started: Instant::now(), cancel, latest, promise: Some(promise) }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The latest report.
    pub fn progress(&self) -> Progress {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the work to stop at its next step.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    pub fn is_cancelling(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// The outcome, once; none while the work goes on and after it was taken. A stop that was asked for while the
    /// work ended still counts: what nobody wants any more is not handed over.
    pub fn poll(&mut self) -> Option<Outcome<T>> {
        match self.promise.take()?.try_take() {
            Ok(Outcome::Done(_)) if self.is_cancelling() => Some(Outcome::Cancelled),
            Ok(outcome) => Some(outcome),
            Err(unfinished) => {
                self.promise = Some(unfinished);
                None
            }
        }
    }
}

impl<T: Send + 'static> Drop for Job<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// A report without a preview keeps the last one, so the picture does not flicker between previews.
fn replace_keeping_preview(latest: &Mutex<Progress>, mut progress: Progress) {
    let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
    if progress.preview.is_none() {
        progress.preview = latest.preview.take();
    }
    *latest = progress;
}

/// `work` on this thread; a panic, also one of a driver's library, becomes its message.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| panic_message(payload.as_ref()))
}

fn run_guarded<T>(work: impl FnOnce(&Control) -> anyhow::Result<T>, control: &Control) -> Outcome<T> {
    match guarded(|| work(control)) {
        Ok(Ok(value)) => Outcome::Done(value),
        // Asked of the control, not of the error: transparent errors hide their cause.
        Ok(Err(_)) if control.check().is_err() => Outcome::Cancelled,
        Ok(Err(error)) => Outcome::Failed(error),
        Err(message) => Outcome::Panicked(message),
    }
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    fn wait<T: Send>(job: &mut Job<T>) -> Outcome<T> {
        let started = Instant::now();
        loop {
            if let Some(outcome) = job.poll() {
                return outcome;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "the job never ended");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_guard_hands_on_the_value_or_the_panic_s_words() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(
            guarded(|| -> u8 { panic!("the library {} is broken", "x") }),
            Err("the library x is broken".to_owned())
        );
    }

    #[test]
    fn a_job_returns_its_value_once() {
        let mut job = Job::spawn("value", || {}, |_| Ok(7));
        assert!(matches!(wait(&mut job), Outcome::Done(7)));
        assert!(job.poll().is_none());
    }

    #[test]
    fn cancel_reaches_the_work_as_an_error_and_comes_back_as_an_outcome() {
        let mut job: Job<()> = Job::spawn(
            "cancel",
            || {},
            |control| {
                loop {
                    control.check()?;
                    std::thread::sleep(Duration::from_millis(1));
                }
            },
        );
        job.cancel();
        assert!(matches!(wait(&mut job), Outcome::Cancelled));
    }

    #[test]
    fn a_stop_that_comes_after_the_last_step_still_counts() {
        let mut job = Job::spawn("late", || {}, |_| Ok(7));
        std::thread::sleep(Duration::from_millis(20));
        job.cancel();
        assert!(matches!(wait(&mut job), Outcome::Cancelled));
    }

    #[test]
    fn dropping_a_job_stops_its_work() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let job: Job<()> = Job::spawn(
            "drop",
            || {},
            move |control| {
                while control.check().is_ok() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                sender.send(()).map_err(anyhow::Error::new)
            },
        );
        drop(job);
        assert!(receiver.recv_timeout(Duration::from_secs(20)).is_ok());
    }

    #[test]
    fn a_panic_is_an_outcome_and_never_reaches_the_caller() {
        let mut job: Job<()> = Job::spawn("panic", || {}, |_| panic!("boom"));
        assert!(matches!(wait(&mut job), Outcome::Panicked(message) if message == "boom"));
    }

    #[test]
    fn the_last_preview_stays_until_the_next_one() {
        let mut job = Job::spawn(
            "preview",
            || {},
            |control| {
                let mut progress = Progress::new(Stage::Painting, 1, 2);
                progress.preview = Some(Arc::new(RgbImage::new(2, 2)));
                control.step(progress)?;
                control.step(Progress::new(Stage::Painting, 2, 2))?;
                Ok(())
            },
        );
        assert!(matches!(wait(&mut job), Outcome::Done(())));
        assert!(job.progress().preview.is_some());
        assert_eq!(job.progress().done, 2);
    }
}
