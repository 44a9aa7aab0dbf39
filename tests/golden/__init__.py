"""Golden mails: situations a reader may meet, as code, and the mails they give. ``python -m tests.golden --update`` renews."""
