"""What schemathesis sends where a route takes bytes: schemathesis only knows how to write JSON, text and forms."""

import schemathesis

for media_type in ("application/vnd.apache.parquet", "application/vnd.apache.arrow.file", "application/vnd.apache.arrow.stream"):

    @schemathesis.serializer(media_type)
    def _as_bytes(context, value):
        return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
