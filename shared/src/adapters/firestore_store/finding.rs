//! Queries: equal values, an instant at the latest, and the order that the port promises.

use ciborium::Value;
use firestore::gcloud_sdk::{
    google::firestore::v1::{
        Cursor, RunQueryRequest, StructuredQuery, Value as Field,
        run_query_request::QueryType,
        structured_query::{
            CollectionSelector, CompositeFilter, Direction, FieldFilter, FieldReference, Filter, Order, UnaryFilter,
            composite_filter, field_filter,
            filter::FilterType,
            unary_filter::{self, OperandType},
        },
        value::ValueType,
    },
    tonic::{Code, Request, Status},
};

use super::{
    calls::Operation,
    connection::{Client, Database},
    reading::{Read, stored},
    values::{Unfit, field, name, timestamp, wrap},
};
use crate::ports::documents::{Found, Key, MissingIndex, Query, StoreError};

/// The documents that match.
pub(super) async fn find(
    database: &Database,
    operation: &Operation<'_>,
    query: &Query,
) -> Result<Vec<Found>, StoreError> {
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    let client = database.client().await?;
    let query_type = Some(QueryType::StructuredQuery(structured(database, query)?));
    let request = RunQueryRequest { parent: database.root(), query_type, ..Default::default() };
    let call = || all(client.clone(), operation.request(request.clone()));
    let documents = operation.read(call).await.map_err(|error| named(error, query))?;
    let found = |(raw, read_at): Read| {
        let id = raw.name.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Found { id, stored: stored(raw, read_at.as_ref())? })
    };
    documents.into_iter().map(found).collect()
}

/// The error by its name if it is that of a query without an index (`FAILED_PRECONDITION`).
fn named(error: StoreError, query: &Query) -> StoreError {
    match &error {
        StoreError::Unavailable(cause)
            if cause.downcast_ref::<Status>().is_some_and(|status| status.code() == Code::FailedPrecondition) =>
        {
            StoreError::Unavailable(Box::new(MissingIndex::of(query)))
        }
        _ => error,
    }
}

async fn all(mut client: Client, request: Request<RunQueryRequest>) -> Result<Vec<Read>, Status> {
    let mut answers = client.run_query(request).await?.into_inner();
    let mut documents = Vec::new();
    while let Some(answer) = answers.message().await? {
        documents.extend(answer.document.map(|document| (document, answer.read_time)));
    }
    Ok(documents)
}

fn structured(database: &Database, query: &Query) -> Result<StructuredQuery, Unfit> {
    let equal = query.equal.iter().map(|(name, value)| equals(name, value));
    let until = query.until.map(|(name, latest)| {
        let latest = wrap(ValueType::TimestampValue(timestamp(latest)));
        Ok(compares(name, field_filter::Operator::LessThanOrEqual, latest))
    });
    let filters: Vec<Filter> = equal.chain(until).collect::<Result<_, Unfit>>()?;
    let by_instant = query.until.map(|(name, _)| ascending(reference(name)));
    let by_id = ascending(FieldReference { field_path: "__name__".to_owned() });
    let after = query.after.as_ref().map(|id| Cursor {
        values: vec![wrap(ValueType::ReferenceValue(database.name_of(&Key::new(query.collection, id.as_str()))))],
        before: false,
    });
    Ok(StructuredQuery {
        from: vec![CollectionSelector { collection_id: query.collection.name().to_owned(), all_descendants: false }],
        r#where: every(filters),
        order_by: by_instant.into_iter().chain([by_id]).collect(),
        start_at: after,
        limit: Some(i32::try_from(query.limit).unwrap_or(i32::MAX)),
        ..Default::default()
    })
}

fn every(filters: Vec<Filter>) -> Option<Filter> {
    let op = composite_filter::Operator::And.into();
    let both = |filters| Filter { filter_type: Some(FilterType::CompositeFilter(CompositeFilter { op, filters })) };
    (!filters.is_empty()).then(|| both(filters))
}

fn equals(name: &str, value: &Value) -> Result<Filter, Unfit> {
    if value.is_null() {
        let op = unary_filter::Operator::IsNull.into();
        let operand_type = Some(OperandType::Field(reference(name)));
        return Ok(Filter { filter_type: Some(FilterType::UnaryFilter(UnaryFilter { op, operand_type })) });
    }
    Ok(compares(name, field_filter::Operator::Equal, field(name, value)?))
}

fn compares(name: &str, op: field_filter::Operator, value: Field) -> Filter {
    let filter = FieldFilter { field: Some(reference(name)), op: op.into(), value: Some(value) };
    Filter { filter_type: Some(FilterType::FieldFilter(filter)) }
}

fn ascending(field: FieldReference) -> Order {
    Order { field: Some(field), direction: Direction::Ascending.into() }
}

/// A top-level field as a path, quoted so that no character of its name means anything.
fn reference(field: &str) -> FieldReference {
    let quoted = name(field).replace('\\', "\\\\").replace('`', "\\`");
    FieldReference { field_path: format!("`{quoted}`") }
}
