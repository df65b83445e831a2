"use strict";

// The validator would be another site. Deep links name an operation in the address.
SwaggerUIBundle({
  url: "/admin/api/openapi.json",
  dom_id: "#document",
  deepLinking: true,
  validatorUrl: null,
});
