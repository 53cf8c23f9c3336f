"""What the HTTP interface takes and gives, described once for code and documentation."""
