// ReDoc over this server's own document; nothing is asked of any other place.
Redoc.init(
  "openapi.json",
  { expandResponses: "200,201", hideDownloadButtons: false, nativeScrollbars: true },
  document.getElementById("redoc"),
);
