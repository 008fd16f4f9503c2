//! The version's datasets as Croissant 1.0 JSON-LD: files with their digests, tables with their columns and types.
//!
//! Source: <https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html>.

use super::{RegisteredVersion, is_one_file};
use crate::dataset::reader::Format;
use crate::dataset::tdh1::{ColumnDigest, LogicalType};
use crate::provenance::registration::{Dataset, NamedFile};
use serde_json::{Value, json};

/// The datasets of `version` as one Croissant data set: a record set for each file of each table.
pub fn datasets_card(version: &RegisteredVersion<'_>) -> Value {
    let registration = version.registration;
    let (mut distribution, mut records) = (Vec::new(), Vec::new());
    for (index, dataset) in registration.datasets.iter().enumerate() {
        for (part, file) in files(dataset).iter().enumerate() {
            // Readers take no spaces in ids, and names hold what people write.
            let id = format!("dataset-{index}-file-{part}");
            distribution.push(file_object(&id, dataset.fingerprint.format, file));
            records.push(record_set((&id, &file.name), dataset));
        }
    }
    let named = format!("{} {}", registration.model, registration.version);
    json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": format!("{}-{}-datasets", registration.model, registration.version),
        "description": format!("Datasets that model version {named} was registered with, as its registration states them."),
        "identifier": format!("urn:sha256:{}", version.content_sha256),
        "datePublished": version.registered_at,
        "version": registration.version,
        "distribution": distribution,
        "recordSet": records,
    })
}

/// The files a dataset is in, with their digests.
fn files(dataset: &Dataset) -> Vec<NamedFile> {
    let print = &dataset.fingerprint;
    if is_one_file(dataset) {
        return vec![NamedFile { name: print.name.clone(), content: print.content.clone() }];
    }
    print.files.clone()
}

fn file_object(id: &str, format: Format, file: &NamedFile) -> Value {
    json!({
        "@type": "cr:FileObject",
        "@id": id,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": format!("{} B", file.content.bytes),
        "encodingFormat": encoding(format),
        "sha256": file.content.sha256,
    })
}

/// The media types that readers of the format know.
fn encoding(format: Format) -> &'static str {
    match format {
        Format::Parquet => "application/x-parquet",
        Format::Ndjson => "application/jsonlines",
        other => other.media_type(),
    }
}

fn record_set((file, name): (&str, &str), dataset: &Dataset) -> Value {
    let (print, id) = (&dataset.fingerprint, format!("{file}-rows"));
    let columns = print.table.columns.iter().enumerate();
    let fields: Vec<Value> =
        columns.map(|(index, column)| field(&format!("{id}/{index}"), file, column)).collect();
    json!({
        "@type": "cr:RecordSet",
        "@id": id,
        "name": format!("{} rows in {name}", dataset.role.word()),
        "description": format!(
            "A table of {} rows in all its files, tdh1 {}; used as {} data.",
            print.rows, print.table.table, dataset.role.word()
        ),
        "field": fields,
    })
}

fn field(id: &str, file: &str, column: &ColumnDigest) -> Value {
    let (data_type, repeated) = data_type(&column.logical_type);
    let mut field = json!({
        "@type": "cr:Field",
        "@id": id,
        "name": column.name,
        "description": column.logical_type.to_string(),
        "dataType": data_type,
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    });
    if repeated {
        field["repeated"] = json!(true);
    }
    field
}

/// The nearest type of schema.org, and whether a cell holds many of them.
fn data_type(logical_type: &LogicalType) -> (&'static str, bool) {
    match logical_type {
        LogicalType::Bool => ("sc:Boolean", false),
        LogicalType::Int => ("sc:Integer", false),
        LogicalType::Float | LogicalType::Decimal { .. } => ("sc:Float", false),
        LogicalType::Date => ("sc:Date", false),
        LogicalType::Time => ("sc:Time", false),
        LogicalType::TimestampLocal | LogicalType::TimestampInstant => ("sc:DateTime", false),
        LogicalType::List(item) | LogicalType::Vector { item, .. } => (data_type(item).0, true),
        LogicalType::Null
        | LogicalType::Utf8
        | LogicalType::Bytes
        | LogicalType::Duration
        | LogicalType::Struct(_)
        | LogicalType::Map { .. } => ("sc:Text", false),
    }
}

/// The context that the specification asks for.
fn context() -> Value {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataBiases": "cr:dataBiases",
        "dataCollection": "cr:dataCollection",
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "equivalentProperty": "cr:equivalentProperty",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileObject": "cr:fileObject",
        "fileProperty": "cr:fileProperty",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "personalSensitiveInformation": "cr:personalSensitiveInformation",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}
