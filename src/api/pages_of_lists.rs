//! Lists that are sent page by page as plain arrays: the header `Link` (RFC 8288) says where the next page is.

use crate::evidence::manifest::encode;
use crate::procedures::read_records::PAGE_ROWS_MAX;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use serde::Serialize;

/// Rows of a page, 1 to [`PAGE_ROWS_MAX`]; without a `limit`, the most.
pub(super) fn rows_of(limit: Option<u64>) -> usize {
    let rows = limit.unwrap_or(PAGE_ROWS_MAX).clamp(1, PAGE_ROWS_MAX);
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// The first `rows` of `items`, which were read with one more where more follow. `asked` is what the next page is asked for besides
/// the `after` that `name` gives for the last item.
pub(super) fn page_of<T: Serialize>(
    path: &str,
    asked: &[(&str, Option<&str>)],
    (mut items, rows): (Vec<T>, usize),
    name: impl Fn(&T) -> String,
) -> HttpResponse {
    let more = items.len() > rows;
    items.truncate(rows);
    let mut answer = HttpResponse::Ok();
    if let (true, Some(last)) = (more, items.last()) {
        let after = name(last);
        let asked = asked.iter().copied().chain([("after", Some(after.as_str()))]);
        let pairs = asked.filter_map(|(name, value)| Some(format!("{name}={}", encode(value?))));
        let query = pairs.collect::<Vec<_>>().join("&");
        answer.insert_header((LINK, format!("<{path}?{query}>; rel=\"next\"")));
    }
    answer.json(items)
}
