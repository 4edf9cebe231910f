//! Finds the line of a field, so that a value of the right type but the wrong range is named as exactly as a
//! syntax error.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Line and column (from 1) where the value of `field` begins, such as `earrings[1].scale`.
pub(super) fn locate(text: &str, field: &str) -> Option<(usize, usize)> {
    let steps = steps_of(field)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let error = Descent(&steps).deserialize(&mut json).err()?;
    error.to_string().starts_with(FOUND).then(|| (error.line(), error.column()))
}

/// The message of the error with which a descent stops at its aim: serde_json adds the position to it.
const FOUND: &str = "found";

enum Step {
    Field(String),
    Index(usize),
}

fn steps_of(field: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in field.split('.') {
        let mut pieces = part.split('[');
        steps.push(Step::Field(pieces.next()?.to_owned()));
        for index in pieces {
            steps.push(Step::Index(index.strip_suffix(']')?.parse().ok()?));
        }
    }
    Some(steps)
}

/// Walks down to the aim and stops there with an error; everything beside the way is skipped.
struct Descent<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Descent<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.0.first() {
            None => Err(D::Error::custom(FOUND)),
            Some(Step::Field(_)) => deserializer.deserialize_map(self),
            Some(Step::Index(_)) => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for Descent<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the way to a field")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Field(wanted), rest)) = self.0.split_first() else { return Ok(()) };
        while let Some(key) = map.next_key::<String>()? {
            if key == *wanted {
                map.next_value_seed(Descent(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((Step::Index(wanted), rest)) = self.0.split_first() else { return Ok(()) };
        for _ in 0..*wanted {
            list.next_element::<IgnoredAny>()?;
        }
        list.next_element_seed(Descent(rest)).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::locate;

    const TEXT: &str = "{\n  \"a\": [1, {\n    \"b\": -5\n  }],\n  \"c\": true\n}\n";

    #[test]
    fn a_field_inside_a_list_has_its_own_line() {
        assert_eq!(locate(TEXT, "a[1].b").map(|(line, _)| line), Some(3));
        assert_eq!(locate(TEXT, "c").map(|(line, _)| line), Some(5));
    }

    #[test]
    fn a_field_that_is_not_there_has_no_line() {
        assert_eq!(locate(TEXT, "a[1].x"), None);
        assert_eq!(locate(TEXT, "a[7]"), None);
        assert_eq!(locate(TEXT, "c.d"), None);
        assert_eq!(locate(TEXT, "a[x]"), None);
    }
}
