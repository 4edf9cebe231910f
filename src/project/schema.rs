//! The format for other programs: a JSON Schema made from the Rust types.

use super::Project;

/// JSON Schema of the format, kept in `assets/project.schema.json`.
pub fn schema_json() -> String {
    let schema = schemars::schema_for!(Project);
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_schema_in_assets_is_that_of_the_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/project.schema.json");
        let made = super::schema_json();
        if std::env::var_os("ADORN_UPDATE_SCHEMA").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the assets folder");
            std::fs::write(&path, &made).expect("a writable schema");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == made,
            "assets/project.schema.json differs from the types; if the change is meant, run \
             `ADORN_UPDATE_SCHEMA=1 cargo test schema` and look at the difference"
        );
    }
}
