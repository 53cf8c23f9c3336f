"""A strict test server that speaks Aliyun OSS on loopback, and can fail on purpose."""
