//! The OpenAPI 3.1 document, made from the routes.

use std::collections::BTreeMap;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Content, HttpMethod, Info, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Required, ResponseBuilder,
        Schema,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ObjectBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    body::RAW,
    prefer, presence,
    problem::Wire,
    route::{Audience, Route},
};
use crate::domain::scope::Scope;

const TOKEN: &str = "token";

const PREFER: &str = "`stale-ok` (RFC 7240): where the bank cannot be asked, the last good answer to a call without the \
                      PSU is taken. It comes with the headers `Age` and `Preference-Applied` and the member `stale`.";

/// The document of these routes.
pub fn document(routes: &[Route]) -> OpenApi {
    let mut paths = Paths::new();
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    schemas.insert(Wire::name().into_owned(), <Wire as PartialSchema>::schema());
    let mut nested = Vec::new();
    Wire::schemas(&mut nested);
    for route in routes {
        paths.add_path_operation(route.path, vec![method(route)], operation(route));
        nested.extend(route.doc.schemas.iter().cloned());
    }
    schemas.extend(nested);
    let mut components = Components::new();
    components.schemas = schemas.into_iter().collect();
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    let mut info = Info::new("Secure Hub", env!("CARGO_PKG_VERSION"));
    info.description =
        Some("Bank accounts under PSD2, without certificates or bank tokens leaving the hub.".to_owned());
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn method(route: &Route) -> HttpMethod {
    match route.method.as_str() {
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route) -> Operation {
    let doc = &route.doc;
    let mut operation = OperationBuilder::new()
        .summary(Some(doc.summary))
        .response(doc.answer.0.as_str(), success(route))
        .response("default", problem());
    for parameter in path_parameters(route.path).chain(doc.query.iter().cloned()) {
        operation = operation.parameter(parameter);
    }
    if doc.presence {
        operation = operation.parameter(header(presence::HEADER, "Proof that the PSU is asking now: a JWT"));
    }
    if doc.stale {
        operation = operation.parameter(header(prefer::HEADER, PREFER));
    }
    if let Some(body) = &doc.body {
        let content = Content::new(Some(body.clone()));
        let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    match route.audience {
        Audience::Public | Audience::Browser => operation.build(),
        Audience::Crm(scope) => secured(operation, scope),
        Audience::Scheduler => secured(operation, Scope::JobsRun),
    }
}

fn secured(operation: OperationBuilder, scope: Scope) -> Operation {
    operation
        .description(Some(format!("Wants the scope `{scope}`.")))
        .security(SecurityRequirement::new(TOKEN, [scope.name()]))
        .build()
}

fn success(route: &Route) -> utoipa::openapi::Response {
    let mut response = ResponseBuilder::new().description("Success");
    if let Some(schema) = &route.doc.answer.1 {
        response = response.content("application/json", Content::new(Some(schema.clone())));
    }
    if route.doc.raw {
        response = response.content(RAW, Content::new(None::<RefOr<Schema>>));
    }
    response.build()
}

fn problem() -> utoipa::openapi::Response {
    let schema = RefOr::<Schema>::Ref(Ref::from_schema_name(Wire::name()));
    let content = Content::new(Some(schema));
    ResponseBuilder::new().description("A problem").content("application/problem+json", content).build()
}

fn path_parameters(path: &str) -> impl Iterator<Item = Parameter> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| parameter(name, ParameterIn::Path).required(Required::True).build())
}

fn header(name: &str, description: &str) -> Parameter {
    parameter(name, ParameterIn::Header).required(Required::False).description(Some(description)).build()
}

fn parameter(name: &str, place: ParameterIn) -> ParameterBuilder {
    let text: Schema = ObjectBuilder::new().schema_type(Type::String).build().into();
    ParameterBuilder::new().name(name).parameter_in(place).schema(Some(text))
}
