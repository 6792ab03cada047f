"""The OpenID provider: Authlib's grants over what was loaded for a request, joserfc for keys and tokens."""
