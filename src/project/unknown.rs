//! Fields that this version does not know stay in the file, at every level.
//!
//! Structs keep theirs in `other` by serde's flattening. Small values (points, sizes, angles) are `Copy` and
//! have no such place, so an unknown field inside one waits in the `other` of the struct around it, under
//! its path: `hook_in_canvas/z`. Writing puts it back where it was; where the way there is gone, because the
//! value was exchanged for another kind, it stays in the file under that path.

use super::{CutFrom, Other, Project};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// Joins the names of a path inside a small value.
const SEPARATOR: char = '/';

/// Fields whose values keep their own unknown fields.
const KEEPERS: [&str; 8] = ["earrings", "cut_from", "strokes", "face", "recipe", "plan", "presets", "faces"];

/// Moves the unknown fields of small values from `raw`, the text that `project` was read from, to `other`.
pub(super) fn keep_nested(project: &mut Project, raw: &Value) {
    let Ok(known) = serde_json::to_value(&*project) else { return };
    for (pointer, other) in keepers(project) {
        let (Some(Value::Object(raw)), Some(known)) = (raw.pointer(&pointer), known.pointer(&pointer)) else {
            continue;
        };
        for (name, raw) in raw.iter().filter(|(name, _)| !KEEPERS.contains(&name.as_str())) {
            if let Some(known) = known.get(name) {
                collect_unknown(raw, known, name, other);
            }
        }
    }
}

/// Every `other` of the document with its JSON pointer.
fn keepers(project: &mut Project) -> Vec<(String, &mut Other)> {
    let mut keepers = vec![
        (String::new(), &mut project.other),
        ("/recipe".to_owned(), &mut project.recipe.other),
        ("/plan".to_owned(), &mut project.plan.other),
    ];
    for (index, earring) in project.earrings.iter_mut().enumerate() {
        let pointer = format!("/earrings/{index}");
        let cut =
            earring.cut_from.iter_mut().flat_map(|cut| keepers_of_cut(format!("{pointer}/cut_from"), cut));
        keepers.extend(cut);
        keepers.push((pointer, &mut earring.other));
    }
    keepers.extend(project.face.iter_mut().map(|face| ("/face".to_owned(), &mut face.other)));
    let faces = project.plan.faces.iter_mut().enumerate();
    keepers.extend(faces.map(|(index, face)| (format!("/plan/faces/{index}"), &mut face.other)));
    let loras = project.recipe.loras.iter_mut().enumerate();
    keepers.extend(loras.map(|(index, lora)| (format!("/recipe/loras/{index}"), &mut lora.other)));
    let embeddings = project.recipe.embeddings.iter_mut().enumerate();
    keepers.extend(
        embeddings.map(|(index, embedding)| (format!("/recipe/embeddings/{index}"), &mut embedding.other)),
    );
    let presets = project.presets.iter_mut().enumerate();
    keepers.extend(presets.map(|(index, preset)| (format!("/presets/{index}"), &mut preset.other)));
    keepers
}

fn keepers_of_cut(pointer: String, cut: &mut CutFrom) -> Vec<(String, &mut Other)> {
    let strokes = cut.strokes.iter_mut().enumerate();
    let strokes = strokes.map(|(index, stroke)| (format!("{pointer}/strokes/{index}"), &mut stroke.other));
    let mut keepers: Vec<_> = strokes.collect();
    keepers.push((pointer, &mut cut.other));
    keepers
}

fn collect_unknown(raw: &Value, known: &Value, path: &str, into: &mut Other) {
    match (raw, known) {
        (Value::Object(raw), Value::Object(known)) => {
            for (name, value) in raw {
                let path = format!("{path}{SEPARATOR}{name}");
                match known.get(name) {
                    Some(known) => collect_unknown(value, known, &path, into),
                    None => drop(into.insert(path, value.clone())),
                }
            }
        }
        (Value::Array(raw), Value::Array(known)) => {
            for (index, (raw, known)) in raw.iter().zip(known).enumerate() {
                collect_unknown(raw, known, &format!("{path}{SEPARATOR}{index}"), into);
            }
        }
        _ => {}
    }
}

/// Pretty JSON in the order of the declarations, unknown fields last, with a final newline.
pub(super) fn to_ordered_json(project: &Project) -> String {
    let mut plain = project.clone();
    let mut waiting = Vec::new();
    for (pointer, other) in keepers(&mut plain) {
        waiting.extend(std::mem::take(other).into_iter().map(|(path, value)| (pointer.clone(), path, value)));
    }
    let mut tree = serde_json::to_string(&plain)
        .and_then(|text| serde_json::from_str(&text))
        .unwrap_or_else(|_| Tree::Object(Vec::new()));
    for (pointer, path, value) in waiting {
        let holder = pointer.split('/').skip(1).try_fold(&mut tree, Tree::child);
        if let Some(holder) = holder {
            holder.put_back(&path, value);
        }
    }
    let text = serde_json::to_string_pretty(&tree).unwrap_or_default();
    text + "\n"
}

/// JSON whose fields keep their order.
enum Tree {
    Object(Vec<(String, Tree)>),
    List(Vec<Tree>),
    Leaf(Value),
}

impl Tree {
    fn child(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(fields) => fields.iter_mut().find(|(own, _)| own == name).map(|(_, value)| value),
            Self::List(items) => items.get_mut(name.parse::<usize>().ok()?),
            Self::Leaf(_) => None,
        }
    }

    /// Adds a field at `path`, or, where there is no such place any more, under `path` as its name.
    fn put_back(&mut self, path: &str, value: Value) {
        let (way, name) = path.rsplit_once(SEPARATOR).unwrap_or(("", path));
        let steps = way.split(SEPARATOR).filter(|_| !way.is_empty());
        if let Some(Self::Object(fields)) = steps.clone().try_fold(&mut *self, Self::child) {
            return fields.push((name.to_owned(), Self::Leaf(value)));
        }
        if let Self::Object(fields) = self {
            fields.push((path.to_owned(), Self::Leaf(value)));
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
            Self::List(items) => serializer.collect_seq(items),
            Self::Leaf(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }
}
