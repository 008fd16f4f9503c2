//! The fields of a request. Numbers may come as JSON numbers or as text, as canonical protocol buffers send them.

use crate::error::{Error, Result};
use crate::store::runs::NamedValue;
use actix_web::web;
use serde_json::Value;

/// A request's JSON object.
pub(super) struct Fields(Value);

impl Fields {
    /// The object in `body`; only the fields in `known` may be set.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for what is no JSON object, [`Error::NotSupported`] for a field that would be ignored.
    pub(super) fn parse(body: &web::Bytes, known: &[&str]) -> Result<Self> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|e| Error::BadRequest { detail: format!("body: {e}") })?;
        Self::of(value, known)
    }

    /// The object `value`, as [`Self::parse`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::parse`].
    pub(super) fn of(value: Value, known: &[&str]) -> Result<Self> {
        let Some(object) = value.as_object() else {
            return Err(Error::BadRequest { detail: format!("found {value}, expected an object") });
        };
        let is_set = |v: &Value| match v {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        };
        if let Some((name, _)) =
            object.iter().find(|(name, v)| !known.contains(&name.as_str()) && is_set(v))
        {
            return Err(Error::NotSupported { what: format!("the field `{name}`"), instead: "" });
        }
        Ok(Self(value))
    }

    /// A text that may be missing.
    pub(super) fn text_or(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] when it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        let found = self.text_or(name).filter(|text| !text.is_empty());
        found.ok_or_else(|| Error::BadRequest { detail: format!("the field `{name}` is missing") })
    }

    /// A whole number that may be missing.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for anything else.
    pub(super) fn whole(&self, name: &str) -> Result<Option<i64>> {
        let found = &self.0[name];
        if found.is_null() {
            return Ok(None);
        }
        let number = found.as_i64().or_else(|| found.as_str()?.parse().ok());
        let detail = format!("`{name}` is {found}, expected a whole number");
        number.map(Some).ok_or(Error::BadRequest { detail })
    }

    /// A number in decimal, or `NaN`, `Infinity`, `-Infinity`.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for anything else.
    pub(super) fn decimal(&self, name: &str) -> Result<String> {
        let found = &self.0[name];
        let number = found.as_f64().or_else(|| found.as_str()?.parse().ok());
        match number {
            Some(number) if number.is_nan() => Ok("NaN".to_owned()),
            Some(f64::INFINITY) => Ok("Infinity".to_owned()),
            Some(f64::NEG_INFINITY) => Ok("-Infinity".to_owned()),
            Some(number) => Ok(Value::from(number).to_string()),
            None => {
                let detail = format!("`{name}` is {found}, expected a number");
                Err(Error::BadRequest { detail })
            }
        }
    }

    /// The objects of an array that may be missing; each may have the fields in `known`.
    ///
    /// # Errors
    ///
    /// Those of [`Self::of`]; more than `most`.
    pub(super) fn objects(&self, name: &str, known: &[&str], most: usize) -> Result<Vec<Self>> {
        let items = self.0[name].as_array().cloned().unwrap_or_default();
        if items.len() > most {
            let detail = format!("`{name}` has {} items, at most {most} are taken", items.len());
            return Err(Error::BadRequest { detail });
        }
        items.into_iter().map(|item| Self::of(item, known)).collect()
    }

    /// An object.
    ///
    /// # Errors
    ///
    /// Those of [`Self::of`].
    pub(super) fn object(&self, name: &str, known: &[&str]) -> Result<Self> {
        Self::of(self.0[name].clone(), known)
    }

    /// The texts of an array that may be missing.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let items = self.0[name].as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// One key with its value.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for a key that is missing or longer than 250 bytes, or a value longer than `most` bytes.
    pub(super) fn named_value(&self, most: usize) -> Result<NamedValue> {
        let (key, value) = (self.text("key")?, self.text_or("value").unwrap_or_default());
        if key.len() > 250 || value.len() > most {
            let (name, found) = (&key, value.len());
            let detail = format!(
                "`{name:.40}` has a key of {} and a value of {found} bytes; at most 250 and {most} are taken",
                key.len()
            );
            return Err(Error::BadRequest { detail });
        }
        Ok(NamedValue { key, value })
    }
}
