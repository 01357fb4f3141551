"""A pretend WeChat platform with a phone-like chat page, for the demo, for trying and for tests."""
