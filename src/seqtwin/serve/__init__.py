"""The HTTP service over one encoder, with or without an index, and its web page.

- `server`: opens the socket and runs the service until it is stopped.
- `http_protocol`: the timeouts of connections.
- `limits`: the limits of requests, in one place.
- `open_folder`: opens an encoder folder or an index folder for the service.
- `live_index`: the index that is searched, updated when a new generation is published.
- `served_encoder`: the encoder and the index as functions on lists of items.
- `app`: the application with its endpoints.
- `access`: who may use it: host names, the API key, and pages of other sites.
- `cross_origin`: requests from pages of other sites (CORS).
- `guard`: checks every request before the application: access, size, time and load.
- `request_queue`: the requests in flight and the queue for them.
- `request_bodies`: the bodies of requests, checked.
- `request_batches`: concurrent requests joined into calls of the model.
- `responses`: JSON responses and errors.
- `response_warnings`: warnings of a response about texts and fields.
- `api_description`: the description of the API (OpenAPI).
- `prometheus`: the metrics for Prometheus.
- `page`: the web pages.
"""
