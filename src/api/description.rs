//! The OpenAPI description, made from the list of routes: what every operation has in common is said here once.

use super::extract::SESSION_COOKIE;
use super::problem::PROBLEM_TYPE;
use super::routes::configure;
use crate::dataset::reader::Format;
use actix_web::App;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Content, KnownFormat, ObjectBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema,
    SchemaFormat, Type,
};
use utoipa_actix_web::AppExt as _;

/// Paths that answer without an account.
const OPEN_PATHS: [&str; 4] = ["/api/v1/session", "/health/live", "/health/ready", "/metrics"];

/// The OpenAPI 3.1 description of the routes.
pub fn openapi() -> OpenApi {
    let (_, mut description) = App::new().into_utoipa_app().configure(configure).split_for_parts();
    description.info = utoipa::openapi::InfoBuilder::new()
        .title("driftledger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Registers model versions, judges batches, keeps signed decisions. Send a token as `Authorization: Bearer`, or \
             sign in and send the form token as `x-form-token`. Errors are RFC 9457 problem documents.",
        ))
        .build();
    tell_schemes(&mut description);
    open_flattened(&mut description);
    for (path, item) in &mut description.paths.paths {
        let is_open = OPEN_PATHS.contains(&path.as_str());
        for operation in operations(item) {
            tell_tables(operation);
            tell_problems(operation, is_open);
        }
    }
    description
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    [get, put, post, delete, options, head, patch, trace].into_iter().flatten()
}

/// How a caller is known.
fn tell_schemes(description: &mut OpenApi) {
    let schemes = [
        ("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
        ("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)))),
    ];
    if let Some(components) = &mut description.components {
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
    }
}

/// A record whose fields stand beside those of another is described by `allOf`: a part that allowed no other fields would contradict
/// the whole, so in there it is an open copy.
fn open_flattened(description: &mut OpenApi) {
    let Some(components) = &mut description.components else { return };
    let alone = components.schemas.clone();
    let open = |part: &mut RefOr<Schema>| {
        let of = match &*part {
            RefOr::Ref(reference) => {
                reference.ref_location.rsplit('/').next().and_then(|name| alone.get(name))
            }
            schema @ RefOr::T(_) => Some(schema),
        };
        if let Some(RefOr::T(Schema::Object(object))) = of
            && matches!(
                object.additional_properties.as_deref(),
                Some(AdditionalProperties::FreeForm(false))
            )
        {
            let mut object = object.clone();
            object.additional_properties = None;
            *part = RefOr::T(Schema::Object(object));
        }
    };
    for schema in components.schemas.values_mut() {
        if let RefOr::T(Schema::AllOf(whole)) = schema {
            whole.items.iter_mut().for_each(open);
        }
    }
}

/// A body that is a table may have every format that is read; the routes name one.
fn tell_tables(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    if !body.content.contains_key(Format::Csv.media_type()) {
        return;
    }
    let bytes = || {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        let schema = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        RefOr::T(Content::new(Some(schema.build())))
    };
    body.content =
        Format::ALL.map(|format| (format.media_type().to_owned(), bytes())).into_iter().collect();
}

/// Every operation may answer with a problem document; all but the open ones to whoever is not known, or may not.
fn tell_problems(operation: &mut Operation, is_open: bool) {
    let problem = |text: &str| {
        let content = Content::new(Some(Ref::from_schema_name("ProblemDocument")));
        ResponseBuilder::new().description(text).content(PROBLEM_TYPE, content).build().into()
    };
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response)
            && let Some(told) = response.content.shift_remove("application/json")
        {
            response.content.insert(PROBLEM_TYPE.to_owned(), told);
        }
    }
    let mut put = |status: &str, text: &str| {
        responses.entry(status.to_owned()).or_insert(problem(text));
    };
    put("default", "Refused: status, code and detail say why.");
    if !is_open {
        put("401", "Not signed in, and no valid token.");
        put("403", "The role of the caller may not do this.");
        let known = ["token", "session"].map(|name| SecurityRequirement::new(name, [""; 0]));
        operation.security = Some(known.to_vec());
    }
}
