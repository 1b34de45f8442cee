//! Building a JSON object member by member, where one of them is there only sometimes.

use serde_json::Value as Json;

/// An object with one member more.
pub(super) fn with(mut object: Json, name: &str, value: impl Into<Json>) -> Json {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
    object
}

/// An object with one member more, if there is a value.
pub(super) fn with_some(object: Json, name: &str, value: Option<impl Into<Json>>) -> Json {
    match value {
        Some(value) => with(object, name, value),
        None => object,
    }
}
