//! OpenLineage events: which process read and wrote which datasets, as other tools report it.
//!
//! Only what joins the graph is read; everything else, unknown facets above all, stays in the event as it was sent.
//! Source: <https://openlineage.io/spec/2-0-2/OpenLineage.json>.

use super::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Most datasets of one event.
pub const DATASETS_MAX: usize = 10_000;
/// Most events of one request.
pub const EVENTS_MAX: usize = 1_000;
/// States of a run that an event can report.
const STATES: [&str; 6] = ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"];

/// How a dataset stands to its event's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It was read.
    Input,
    /// It was written.
    Output,
    /// The event is about the dataset itself.
    Itself,
}

impl Direction {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Itself => "itself",
        }
    }
}

/// Digests of a dataset's content, 64 lowercase hexadecimal digits each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatedDigests {
    /// Of the table's values.
    pub tdh1: Option<String>,
    /// Of the file's bytes.
    pub sha256: Option<String>,
    /// Of the file's bytes.
    pub blake3: Option<String>,
}

/// A dataset that an event names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDataset {
    /// How it stands to the process.
    pub direction: Direction,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its version, if the event states one.
    pub version: Option<String>,
    /// What its content is, if the event states it.
    pub digests: StatedDigests,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageEvent {
    /// `run`, `dataset` or `job`.
    pub kind: &'static str,
    /// State of the run, if the event states one.
    pub state: Option<String>,
    /// When it happened, as sent.
    pub time: String,
    /// What read and wrote: `run:` with the run's id, `job:` with the job's names; none for a dataset event.
    pub process: Option<String>,
    /// Namespace and name of the job.
    pub job: Option<(String, String)>,
    /// The datasets it names.
    pub datasets: Vec<EventDataset>,
    /// The event itself, byte for byte.
    pub document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    event_time: String,
    #[expect(dead_code, reason = "the specification demands it")]
    producer: String,
    #[serde(rename = "schemaURL")]
    #[expect(dead_code, reason = "the specification demands it")]
    schema_url: String,
    event_type: Option<String>,
    run: Option<SentRun>,
    job: Option<SentName>,
    dataset: Option<SentDataset>,
    #[serde(default)]
    inputs: Option<Vec<SentDataset>>,
    #[serde(default)]
    outputs: Option<Vec<SentDataset>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentRun {
    run_id: String,
}

#[derive(Deserialize)]
struct SentName {
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct SentDataset {
    namespace: String,
    name: String,
    #[serde(default)]
    facets: Option<Map<String, Value>>,
}

/// The events in a request's body: one object, or an array of them.
///
/// # Errors
///
/// [`Error::LineageEvent`], naming the event by its number and what is wrong with it.
///
/// ```
/// use driftledger::provenance::openlineage::parse_events;
/// let event = r#"{"eventTime":"2026-06-01T08:00:00Z","producer":"urn:me","schemaURL":"urn:event",
///     "job":{"namespace":"jobs","name":"clean"},"outputs":[{"namespace":"files","name":"train.csv"}]}"#;
/// let events = parse_events(event.as_bytes()).unwrap();
/// assert_eq!((events[0].kind, events[0].document.as_str()), ("job", event));
/// ```
pub fn parse_events(body: &[u8]) -> Result<Vec<LineageEvent>> {
    let refuse = |detail: String| Error::LineageEvent { number: 1, detail };
    let text = std::str::from_utf8(body).map_err(|e| refuse(format!("it is not UTF-8: {e}")))?;
    let whole = serde_json::from_str::<serde::de::IgnoredAny>(text);
    whole.map_err(|e| refuse(format!("it is not JSON: {e}")))?;
    let texts = split(text);
    if texts.len() > EVENTS_MAX {
        let found = texts.len();
        return Err(refuse(format!("found {found} events, expected at most {EVENTS_MAX}")));
    }
    (1..).zip(texts).map(|(number, text)| parse_event(number, text)).collect()
}

/// The elements of an array, or the one value itself, as they stand in valid JSON.
fn split(text: &str) -> Vec<&str> {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return vec![text];
    };
    let (mut depth, mut in_text, mut escaped, mut start) = (0u32, false, false, 0);
    let mut parts = Vec::new();
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(inner[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn parse_event(number: usize, text: &str) -> Result<LineageEvent> {
    let refuse = |detail: String| Error::LineageEvent { number, detail };
    let sent: Sent = serde_json::from_str(text).map_err(|e| refuse(e.to_string()))?;
    if sent.event_time.parse::<jiff::Timestamp>().is_err() {
        let found = &sent.event_time;
        return Err(refuse(format!(
            "`eventTime` is `{found:.40}`, expected a time with a zone such as 2026-06-01T08:00:00Z"
        )));
    }
    let (kind, process) = match (&sent.run, &sent.job, &sent.dataset) {
        (Some(run), Some(_), None) => {
            if !is_uuid(&run.run_id) {
                return Err(refuse(format!(
                    "`run.runId` is `{:.40}`, expected a UUID",
                    run.run_id
                )));
            }
            ("run", Some(format!("run:{}", run.run_id.to_ascii_lowercase())))
        }
        (None, Some(job), None) => ("job", Some(format!("job:{}/{}", job.namespace, job.name))),
        (None, None, Some(_)) => ("dataset", None),
        _ => {
            let detail = "expected `run` and `job` (run event), `job` alone (job event) or `dataset` alone (dataset event)";
            return Err(refuse(detail.to_owned()));
        }
    };
    let state = sent.event_type.map(|state| state.to_ascii_uppercase());
    if let Some(found) = state.as_deref().filter(|found| !STATES.contains(found)) {
        let expected = STATES.join(", ");
        return Err(refuse(format!("`eventType` is `{found:.40}`, expected one of {expected}")));
    }
    let sides = [
        (Direction::Input, sent.inputs.unwrap_or_default()),
        (Direction::Output, sent.outputs.unwrap_or_default()),
        (Direction::Itself, sent.dataset.into_iter().collect()),
    ];
    let datasets: Vec<EventDataset> = sides
        .into_iter()
        .flat_map(|(direction, side)| side.into_iter().map(move |found| read(direction, found)))
        .collect();
    if datasets.len() > DATASETS_MAX {
        let found = datasets.len();
        return Err(refuse(format!("it names {found} datasets, expected at most {DATASETS_MAX}")));
    }
    if datasets.iter().any(|found| found.name.is_empty() || found.namespace.is_empty()) {
        return Err(refuse("a dataset has no name or no namespace".to_owned()));
    }
    Ok(LineageEvent {
        kind,
        state,
        time: sent.event_time,
        process,
        job: sent.job.map(|job| (job.namespace, job.name)),
        datasets,
        document: text.to_owned(),
    })
}

fn read(direction: Direction, sent: SentDataset) -> EventDataset {
    let facets = sent.facets.unwrap_or_default();
    let text = |facet: &str, field: &str| {
        facets.get(facet).and_then(|facet| facet.get(field)).and_then(Value::as_str)
    };
    let version = text("version", "datasetVersion").map(str::to_owned);
    let mut digests = StatedDigests::default();
    for facet in ["digest", "driftledger_digest"] {
        for algorithm in ["tdh1", "sha256", "blake3"] {
            digests.state(algorithm, text(facet, algorithm).unwrap_or_default());
        }
    }
    let identifiers = facets.get("symlinks").and_then(|facet| facet.get("identifiers"));
    let linked = identifiers.and_then(Value::as_array).into_iter().flatten();
    let linked = linked.filter_map(|identifier| identifier.get("name").and_then(Value::as_str));
    for name in linked.chain(version.as_deref()).chain([sent.name.as_str()]) {
        if let Some((algorithm, digits)) = name.split_once(':') {
            digests.state(algorithm, digits);
        }
    }
    EventDataset { direction, namespace: sent.namespace, name: sent.name, version, digests }
}

impl StatedDigests {
    /// Takes a digest, unless it is none or another of that kind was stated before.
    fn state(&mut self, algorithm: &str, digits: &str) {
        let slot = match algorithm {
            "tdh1" => &mut self.tdh1,
            "sha256" => &mut self.sha256,
            "blake3" => &mut self.blake3,
            _ => return,
        };
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        if slot.is_none() && digits.len() == 64 && digits.bytes().all(is_digit) {
            *slot = Some(digits.to_owned());
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run_event(change: impl Fn(&mut Value)) -> Value {
        let mut event = json!({
            "eventTime": "2026-06-01T08:00:00.123+02:00", "producer": "urn:me", "schemaURL": "urn:event",
            "eventType": "COMPLETE", "run": {"runId": "018f6f2e-0000-7000-8000-00000000000A"},
            "job": {"namespace": "jobs", "name": "clean"},
            "inputs": [{"namespace": "s3://raw", "name": "a.csv"}], "outputs": [],
        });
        change(&mut event);
        event
    }

    fn parsed(event: &Value) -> Result<LineageEvent> {
        parse_events(event.to_string().as_bytes()).map(|mut events| events.remove(0))
    }

    #[test]
    fn a_run_names_its_job_its_state_and_its_datasets() {
        let event = parsed(&run_event(|_| ())).unwrap();
        assert_eq!(event.process.unwrap(), "run:018f6f2e-0000-7000-8000-00000000000a");
        assert_eq!((event.kind, event.state.as_deref()), ("run", Some("COMPLETE")));
        assert_eq!(event.job, Some(("jobs".to_owned(), "clean".to_owned())));
        assert_eq!((event.datasets.len(), event.datasets[0].direction), (1, Direction::Input));
    }

    #[test]
    fn a_digest_is_found_in_facets_symlinks_and_version() {
        let (a, b, c) = ("ab".repeat(32), "cd".repeat(32), "ef".repeat(32));
        let facets = json!({
            "driftledger_digest": {"tdh1": a, "sha256": "AB"},
            "symlinks": {"identifiers": [{"namespace": "x", "name": format!("sha256:{b}"), "type": "DIGEST"}]},
            "version": {"datasetVersion": format!("blake3:{c}")},
            "made_up": {"anything": [1, {"two": null}]},
        });
        let event = parsed(&run_event(|event| event["inputs"][0]["facets"] = facets.clone()));
        let dataset = event.unwrap().datasets.remove(0);
        assert_eq!(dataset.version, Some(format!("blake3:{c}")));
        let expected = StatedDigests { tdh1: Some(a), sha256: Some(b), blake3: Some(c) };
        assert_eq!(dataset.digests, expected);
    }

    #[test]
    fn events_of_a_batch_stay_as_they_were_sent() {
        let one = r#"{"eventTime":"2026-06-01T08:00:00Z","producer":"p","schemaURL":"s","job":{"namespace":"n","name":"a],\"[{,"},"x":1.50}"#;
        let two = "{ \"eventTime\":\"2026-06-01T08:00:00Z\", \"producer\":\"p\",\"schemaURL\":\"s\",\n\"dataset\":{\"namespace\":\"n\",\"name\":\"d\"}}";
        let body = format!(" [ {one} ,\n{two}]\n");
        let events = parse_events(body.as_bytes()).unwrap();
        let documents: Vec<&str> = events.iter().map(|event| event.document.as_str()).collect();
        assert_eq!(documents, [one, two]);
        assert_eq!((events[0].kind, events[1].kind), ("job", "dataset"));
        assert_eq!(events[1].datasets[0].direction, Direction::Itself);
        assert!(parse_events(b"[]").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_with_the_number_of_the_event() {
        let refused = |change: fn(&mut Value)| {
            let events = json!([run_event(|_| ()), run_event(change)]);
            let said = parse_events(events.to_string().as_bytes()).unwrap_err().to_string();
            assert!(said.starts_with("lineage event 2 "), "{said}");
            said
        };
        assert!(refused(|e| e["eventTime"] = json!("yesterday")).contains("`eventTime`"));
        assert!(refused(|e| e["eventTime"] = json!("2026-06-01T08:00:00")).contains("zone"));
        assert!(refused(|e| e["eventType"] = json!("DONE")).contains("COMPLETE"));
        assert!(refused(|e| e["run"]["runId"] = json!("7")).contains("UUID"));
        assert!(
            refused(|e| drop(e.as_object_mut().unwrap().remove("producer"))).contains("producer")
        );
        assert!(refused(|e| drop(e.as_object_mut().unwrap().remove("job"))).contains("run event"));
        assert!(refused(|e| e["inputs"][0]["name"] = json!("")).contains("no name"));
        assert!(refused(|e| e["inputs"] = json!("none")).contains("invalid type"));
        assert!(refused(|e| *e = json!(7)).contains("invalid type"));
        for body in [&b"\xff"[..], b"{", b"", b"[{}"] {
            assert!(matches!(parse_events(body), Err(Error::LineageEvent { number: 1, .. })));
        }
        let many = format!("[{}]", vec!["1"; EVENTS_MAX + 1].join(","));
        assert!(parse_events(many.as_bytes()).unwrap_err().to_string().contains("at most 1000"));
    }
}
