"""Forms of two sites beside each other: which tokens each accepts."""

import shutil
import tempfile
from pathlib import Path

from sites import Django, Nuages, Visitor


class Forms:
    """Tests for every engine; `Together` in test_sessions.py says what they can use."""

    def test_with_the_secret_in_the_session_either_site_accepts_the_forms_of_both(self):
        sites = []
        for site in (Django(self.folder(), self.store.django(CSRF_USE_SESSIONS=True)),
                     Nuages(self.program, self.folder(), self.store.nuages(CSRF_USE_SESSIONS=True))):
            self.addCleanup(site.stop)
            site.start()
            sites.append(site)
        for first in sites:
            visitor, stranger = Visitor(), Visitor()
            token = visitor.do(first, "token")["token"]
            self.assertEqual(list(visitor.cookies), ["sessionid"], first.name)
            for second in sites:
                other = visitor.do(second, "token")["token"]
                for sent, to, status in ((token, second, 200), (other, first, 200), (token[::-1], second, 403)):
                    answer = visitor.keep(to.ask("POST", "/plain/", visitor.cookies, {"csrfmiddlewaretoken": sent}))
                    self.assertEqual(answer.status, status, f"{first.name}, {second.name}, to {to.name}")
                refused = second.ask("POST", "/plain/", stranger.cookies, {"csrfmiddlewaretoken": token})
                self.assertEqual(refused.status, 403, second.name)

    def folder(self) -> Path:
        """A folder for one more site on the same store."""
        self.addCleanup(shutil.rmtree, folder := Path(tempfile.mkdtemp(prefix="nuages-interop-")))
        return folder
