"""What facts do here: to the read models, and to the audit log."""
