"""Sends the public AuthZEN vectors of one world to a server that is there, as the check beside the clone does over http.

vectors.py CHECK WORLD BASE
"""

import importlib.machinery
import importlib.util
import sys

check, world, base = sys.argv[1:]
sys.argv = [check]
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("check", check)
vectors = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
loader.exec_module(vectors)

assert base.startswith("https://"), base
passed = failed = 0
for name, path, request, right in vectors.cases(world):
    status, body = vectors.post(base, path, request)
    if status == 200 and isinstance(body, dict) and right(body):
        passed += 1
    else:
        failed += 1
        print(f"  {name}: {request} -> {status} {body}"[:400])
print(f"{world} over https: {passed} of {passed + failed}")
sys.exit(1 if failed or not passed else 0)
