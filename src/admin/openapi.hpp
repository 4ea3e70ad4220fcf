#pragma once
/// What `/admin/api/openapi.json` says: OpenAPI 3.1, made of the table that routes the requests (api_routes.hpp) and of the
/// schemas in openapi_schemas.cpp. Source: spec.openapis.org/oas/v3.1.0.

#include <boost/json/object.hpp>
#include <string>

namespace sluice::admin {

/// Made once.
[[nodiscard]] const std::string& openapi_document();

/// The part below "components": schemas, parameters, headers, security schemes.
[[nodiscard]] boost::json::object openapi_components();

}  // namespace sluice::admin
