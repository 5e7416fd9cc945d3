"""Methods that answer `fit`: what are the parameters?"""
