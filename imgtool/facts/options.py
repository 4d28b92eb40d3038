"""The options of the programs known here, as tables for :mod:`imgtool.facts.argv`.

Sources: each program's ``--help`` and manual page. An option's first spelling is the one that code asks for.
"""

from __future__ import annotations

# uv 0.9: `uv run --help`; what `uv pip`, `uv sync`, `uv add` and `uv tool` share with it
UV = """
--extra =, --all-extras, --no-extra =, --no-dev, --only-dev, --dev, --group =, --no-group =, --no-default-groups
--only-group =, --all-groups, --no-editable, --no-editable-package =, --exact, --inexact, --env-file =, --no-env-file
--isolated, --active, --no-sync, --locked, --frozen, --all-packages, --package =, --no-project
--python-platform =, --python-version =, --index =, --default-index =, --index-url -i =, --extra-index-url =
--find-links -f =, --no-index, --index-strategy =, --keyring-provider =, --upgrade -U, --upgrade-package -P =
--upgrade-group =, --resolution =, --prerelease =, --prerelease-package =, --pre, --fork-strategy =
--exclude-newer =, --exclude-newer-package =, --no-sources, --no-sources-package =, --reinstall --force-reinstall
--reinstall-package =, --link-mode =, --compile-bytecode --compile, --no-compile-bytecode --no-compile
--config-setting --config-settings -C =, --config-settings-package =, --no-build-isolation
--no-build-isolation-package =, --no-build, --no-build-package =, --no-binary, --no-binary-package =
--require-build-hashes, --no-require-build-hashes, --no-cache --no-cache-dir -n, --cache-dir =
--refresh, --refresh-package =, --python -p =, --managed-python, --no-managed-python, --no-python-downloads
--allow-python-downloads, --python-preference =, --python-fetch =
--quiet -q, --verbose -v, --color =, --system-certs --native-tls, --no-native-tls, --offline, --no-offline
--allow-insecure-host --trusted-host =, --no-progress, --preview, --no-preview, --preview-features =
--directory =, --project =, --config-file =, --no-config, --help -h, --version -V
"""
UV_RUN = UV + "--module -m, --with -w =, --with-editable =, --with-requirements =, --script -s, --gui-script"
