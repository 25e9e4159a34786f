"""Credentials: tokens and client certificates for PayEx."""
