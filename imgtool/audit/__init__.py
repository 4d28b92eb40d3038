"""An estate linted and measured into tables: folders of repositories, lists of images.

``items`` finds what there is, ``work`` is the one function that runs anywhere, ``pools`` runs it on this machine or on
a cluster, ``tables`` keeps what it says in Parquet.
"""
