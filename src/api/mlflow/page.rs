//! Pages of lists: a token names the last thing that was shown, so that what arrives later moves nothing.

use super::fields::Fields;
use super::filter::{Filter, Found, Kind, Order, search};
use crate::error::{Error, Result};
use serde_json::{Value, json};

/// A search as every list of the protocol takes it.
pub(super) struct Asked {
    filter: Filter,
    orders: Vec<Order>,
    most: usize,
    after: Option<String>,
}

impl Asked {
    /// What `fields` ask for; at most `most` things on a page.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`].
    pub(super) fn of(fields: &Fields, most: usize) -> Result<Self> {
        let orders = fields.texts("order_by");
        Ok(Self {
            filter: Filter::parse(&fields.text_or("filter").unwrap_or_default())?,
            orders: orders.iter().map(|order| Order::parse(order)).collect::<Result<_>>()?,
            most: fields.most(most)?,
            after: fields.text_or("page_token").filter(|token| !token.is_empty()),
        })
    }

    /// The same with other orders.
    pub(super) fn with_orders(self, orders: Vec<Order>) -> Self {
        Self { orders, ..self }
    }

    /// The page of `items`, each shown, below `name`; with the token of the next page if there is one.
    ///
    /// # Errors
    ///
    /// Those of `look`; [`Error::BadRequest`] for a token of another list.
    pub(super) fn page<T>(
        &self,
        (name, items): (&str, Vec<T>),
        id: impl Fn(&T) -> String,
        look: impl Fn(&T, Kind, &str) -> Result<Found>,
        shown: impl Fn(&T) -> Value,
    ) -> Result<Value> {
        let kept = search(items, (&self.filter, &self.orders), look)?;
        let start = match &self.after {
            None => 0,
            Some(after) => {
                let last = kept.iter().position(|item| hex::encode(id(item)) == *after);
                let detail =
                    || format!("page token `{after:.100}` is not of this list; search again");
                last.ok_or_else(|| Error::BadRequest { detail: detail() })? + 1
            }
        };
        let rest = &kept[start..];
        let page = &rest[..rest.len().min(self.most)];
        let mut answer = json!({ name: page.iter().map(shown).collect::<Vec<_>>() });
        if let Some(last) = page.last().filter(|_| rest.len() > page.len()) {
            answer["next_page_token"] = json!(hex::encode(id(last)));
        }
        Ok(answer)
    }
}

/// Milliseconds since 1970 of a time as records write it; 0 for none.
pub(super) fn milliseconds(at: &str) -> i64 {
    at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond)
}

/// An error for a key that no such thing has.
pub(super) fn no_attribute(key: &str) -> Error {
    Error::BadRequest { detail: format!("`{key:.100}` is no attribute to search by here") }
}
