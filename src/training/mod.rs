//! Data for training models of our own.
//!
//! The paper's training set is a shop's and stays there. What stands here can be made by anyone, anywhere,
//! with exact labels: today the [`jeweller`], which renders earrings whose matte, hook and size are known
//! because they were computed. The sample product of the demo comes from the same bench. This room refuses to
//! know the window.

pub mod jeweller;
