//! The fields of a request. Numbers may come as JSON numbers or as text, as canonical protocol buffers send them.

use crate::error::{Error, Result};
use crate::ledger::INTEGER_MAX;
use crate::provenance::run::NamedValue;
use actix_web::{HttpRequest, web};
use serde_json::{Map, Value, json};

/// Longest value of a tag of a run, in bytes.
pub(super) const TAG_BYTES_MAX: usize = 8000;
/// Longest value of a tag of the registry, in bytes.
pub(super) const REGISTRY_TAG_BYTES_MAX: usize = 100_000;
/// Longest value of a parameter, in bytes.
pub(super) const PARAM_BYTES_MAX: usize = 6000;
/// The fields of a key with its value.
pub(super) const PAIR: &[&str] = &["key", "value"];
/// Fields of a query that may come more than once.
const REPEATED: &[&str] = &["order_by", "stages", "experiment_ids"];

/// A request's JSON object.
pub(super) struct Fields(Value);

impl Fields {
    /// The object in `body`; only the fields in `known` may be set.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for what is no JSON object, [`Error::NotSupported`] for a field that would be ignored.
    pub(super) fn parse(body: &web::Bytes, known: &[&str]) -> Result<Self> {
        // Canonical JSON of a message without fields is `{}`, but some clients send nothing.
        if body.is_empty() {
            return Self::of(json!({}), known);
        }
        let value: Value = serde_json::from_slice(body)
            .map_err(|e| Error::BadRequest { detail: format!("body: {e}") })?;
        Self::of(value, known)
    }

    /// The fields of a request's query.
    ///
    /// # Errors
    ///
    /// Those of [`Self::parse`].
    pub(super) fn query(request: &HttpRequest, known: &[&str]) -> Result<Self> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map_err(|e| Error::BadRequest { detail: format!("query: {e}") })?;
        let mut object = Map::new();
        for (name, value) in pairs.into_inner() {
            if REPEATED.contains(&name.as_str()) {
                let list = object.entry(name).or_insert(json!([]));
                list.as_array_mut().into_iter().for_each(|list| list.push(json!(value)));
            } else {
                object.insert(name, json!(value));
            }
        }
        Self::of(Value::Object(object), known)
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
            Value::Object(members) => !members.is_empty(),
            Value::Bool(is_true) => *is_true,
            Value::Number(_) => true,
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
        let number = number.filter(|number| number.unsigned_abs() <= INTEGER_MAX);
        let detail = format!("`{name}` is {found}, expected a whole number within 2^53");
        number.map(Some).ok_or(Error::BadRequest { detail })
    }

    /// Whether it is set to true, as JSON or as text.
    pub(super) fn is_true(&self, name: &str) -> bool {
        let found = &self.0[name];
        found.as_bool().unwrap_or_else(|| found.as_str().is_some_and(|text| text == "true"))
    }

    /// How many to show, `default` unless said; at least one.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`].
    pub(super) fn most(&self, default: usize) -> Result<usize> {
        let found = self.whole("max_results")?.and_then(|most| usize::try_from(most).ok());
        Ok(found.unwrap_or(default).clamp(1, default))
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
    /// A tag with its value; the server's own are not for clients to set.
    ///
    /// # Errors
    ///
    /// Those of [`Self::named_value`].
    pub(super) fn tag(&self, most: usize) -> Result<(String, Option<String>)> {
        let NamedValue { key, value } = self.named_value(most)?;
        if key.starts_with("prov.") {
            let detail = format!("tag `{key}`: `prov.` is the server's own prefix, choose another");
            return Err(Error::BadRequest { detail });
        }
        Ok((key, Some(value)))
    }

    /// The tags of an array that may be missing.
    ///
    /// # Errors
    ///
    /// Those of [`Self::tag`].
    pub(super) fn tags(&self, most: usize) -> Result<Vec<NamedValue>> {
        let named = |(key, value): (String, Option<String>)| NamedValue {
            key,
            value: value.unwrap_or_default(),
        };
        let tags = self.objects("tags", PAIR, 100)?;
        tags.iter().map(|tag| tag.tag(most).map(named)).collect()
    }

    /// The tags of an array that may be missing, without the server's own: who copies a thing sends them along.
    ///
    /// # Errors
    ///
    /// Those of [`Self::named_value`].
    pub(super) fn copied_tags(&self, most: usize) -> Result<Vec<NamedValue>> {
        let tags = self.objects("tags", PAIR, 100)?;
        let mut tags =
            tags.iter().map(|tag| tag.named_value(most)).collect::<Result<Vec<NamedValue>>>()?;
        tags.retain(|tag| !tag.key.starts_with("prov."));
        Ok(tags)
    }

    /// The parameters of an array that may be missing, at most 100.
    ///
    /// # Errors
    ///
    /// Those of [`Self::named_value`].
    pub(super) fn params(&self) -> Result<Vec<NamedValue>> {
        let params = self.objects("params", PAIR, 100)?;
        params.iter().map(|param| param.named_value(PARAM_BYTES_MAX)).collect()
    }
}
