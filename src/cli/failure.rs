//! Any room's error as a person reads it: a headline, one line on what to do, an exit code.

use super::{BAD_INPUT, CANCELLED, SOME_FAILED};
use crate::batch::BatchError;
use crate::body::{BodyError, PoseLibraryError};
use crate::engine::EngineError;
use crate::engine::progress::Cancelled;
use crate::evaluation::EvaluationError;
use crate::picture::PngError;
use crate::project::{FieldFault, FileError};
use crate::workflow::WorkflowError;

/// What to do where an error does not say.
const GENERAL_ADVICE: &str = "nothing was written; correct it and run the command again";

/// Characters of a headline.
const LONGEST_HEADLINE: usize = 300;

/// Why a command ended early.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) headline: String,
    pub(super) advice: String,
    pub(super) code: u8,
}

impl Failure {
    /// Bad input, told in the form of the crate's errors: "what happened; what to do (path)".
    pub(super) fn bad_input(error: impl std::fmt::Display) -> Self {
        Self::with_code(error, BAD_INPUT)
    }

    fn with_code(error: impl std::fmt::Display, code: u8) -> Self {
        let text = error.to_string().replace(['\n', '\r'], " ");
        let (headline, advice) = split(&text);
        let headline = shortened(headline);
        Self { headline, advice, code }
    }

    /// A panic, ours or a library's, whose own words were printed when it came.
    pub(super) fn defect(message: &str) -> Self {
        Self::with_code(
            format!("a defect stopped the command ({message}); report it, finished files are whole"),
            SOME_FAILED,
        )
    }

    fn cancelled() -> Self {
        Self {
            headline: "cancelled".to_owned(),
            advice: "finished files are whole; run the command again to go on".to_owned(),
            code: CANCELLED,
        }
    }
}

/// A hostile file can make a message as long as it likes; a line that people read has an end.
fn shortened(headline: String) -> String {
    match headline.char_indices().nth(LONGEST_HEADLINE) {
        Some((end, _)) => format!("{}…", &headline[..end]),
        None => headline,
    }
}

/// Takes the advice out of "what happened; what to do (path)".
fn split(text: &str) -> (String, String) {
    let (message, path) = text.split_at(start_of_path(text).unwrap_or(text.len()));
    match message.split_once("; ") {
        Some((headline, advice)) => (format!("{headline}{path}"), advice.to_owned()),
        None => (text.to_owned(), GENERAL_ADVICE.to_owned()),
    }
}

/// Where the path in parentheses at the end begins, with its space; paths may hold parentheses themselves.
fn start_of_path(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices().rev() {
        depth += i32::from(c == ')') - i32::from(c == '(');
        if depth == 0 {
            return (c == '(').then(|| text[..at].ends_with(' ').then(|| at - 1)).flatten();
        }
    }
    None
}

macro_rules! bad_input_from {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::bad_input(error)
            }
        })+
    };
}

bad_input_from!(FileError, FieldFault, PngError, BodyError, PoseLibraryError);

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        WorkflowError::from(error).into()
    }
}

impl From<WorkflowError> for Failure {
    fn from(error: WorkflowError) -> Self {
        match &error {
            _ if error.is_cancelled() => Self::cancelled(),
            WorkflowError::NotExact { .. } | WorkflowError::PictureSize { .. } => {
                Self::with_code(error, SOME_FAILED)
            }
            _ => Self::bad_input(error),
        }
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Cancelled(_) => Self::cancelled(),
            error => Self::bad_input(error),
        }
    }
}

impl From<Cancelled> for Failure {
    fn from(Cancelled: Cancelled) -> Self {
        Self::cancelled()
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Cancelled(_) => Self::cancelled(),
            EvaluationError::Engine(error) => error.into(),
            EvaluationError::Workflow(error) => error.into(),
            error => Self::bad_input(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_becomes_a_line_of_its_own_and_the_path_stays_with_the_headline() {
        let failure = Failure::bad_input("it is broken; mend it (/a (b)/c.adorn)");
        assert_eq!(failure.headline, "it is broken (/a (b)/c.adorn)");
        assert_eq!(failure.advice, "mend it");
        let failure = Failure::bad_input("it is broken (x.png)");
        assert_eq!(
            (failure.headline.as_str(), failure.advice.as_str()),
            ("it is broken (x.png)", GENERAL_ADVICE)
        );
    }

    #[test]
    fn a_headline_ends_however_deep_a_hostile_file_nests() {
        let failure = Failure::bad_input(format!("`x{}` is wrong", "[0]".repeat(5000)));
        assert_eq!(failure.headline.chars().count(), LONGEST_HEADLINE + 1);
        assert!(failure.headline.ends_with('…'));
    }

    #[test]
    fn a_failure_is_two_lines_whatever_a_library_says() {
        let failure = Failure::bad_input("first\nsecond\r\nthird");
        assert!(!failure.headline.contains(['\n', '\r']));
    }
}
