//! Asking for a file. Behind a trait, so that tests answer without a desktop.

use crate::ui::PathPurpose;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

/// The path that was chosen, sometime.
pub type Answer = Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>>;

/// Who asks the designer for files.
pub trait FileDialogs {
    /// Asks for a path. `suggestion` is the folder to start in and, for files to write, the name to offer.
    fn ask(&self, purpose: PathPurpose, suggestion: &Path) -> Answer;
}

/// The desktop's own dialogs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDialogs;

impl FileDialogs for SystemDialogs {
    fn ask(&self, purpose: PathPurpose, suggestion: &Path) -> Answer {
        let mut dialog = rfd::AsyncFileDialog::new();
        if let Some(folder) = suggestion.parent().filter(|folder| folder.is_dir()) {
            dialog = dialog.set_directory(folder);
        }
        let offered =
            suggestion.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = |handle: Option<rfd::FileHandle>| handle.map(|handle| handle.path().to_owned());
        match purpose {
            PathPurpose::OpenProject => {
                let asked = dialog.add_filter("Adorn project", &["adorn"]).pick_file();
                Box::pin(async move { path(asked.await) })
            }
            PathPurpose::OpenPosePhoto => {
                let endings = ["png", "jpg", "jpeg", "webp", "npz", "json"];
                let asked = dialog.add_filter("Photo or body fit", &endings).pick_file();
                Box::pin(async move { path(asked.await) })
            }
            PathPurpose::OpenPhoto | PathPurpose::OpenFace => {
                let asked = dialog.add_filter("Picture", &["png", "jpg", "jpeg", "webp"]).pick_file();
                Box::pin(async move { path(asked.await) })
            }
            PathPurpose::OpenLora | PathPurpose::OpenEmbedding => {
                let asked = dialog.add_filter("Safetensors", &["safetensors"]).pick_file();
                Box::pin(async move { path(asked.await) })
            }
            PathPurpose::OpenBundle => {
                let asked = dialog.pick_folder();
                Box::pin(async move { path(asked.await) })
            }
            PathPurpose::SaveProject => {
                let asked = dialog.add_filter("Adorn project", &["adorn"]).set_file_name(offered).save_file();
                Box::pin(async move { path(asked.await) })
            }
            PathPurpose::ExportPicture => {
                let asked = dialog.add_filter("PNG picture", &["png"]).set_file_name(offered).save_file();
                Box::pin(async move { path(asked.await) })
            }
        }
    }
}
