"""`manage.py verify_attachments`: whether every attached file is there and is what was attached. Exit code 1 when one is not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from backoffice.audit.models import PersonalKey
from backoffice.work.models import Attachment
from backoffice.work.notes import files


class Command(BaseCommand):
    help = "Read every attachment and compare it with its checksum. Run it after a restore."

    def handle(self, *_args: Any, **_options: Any) -> None:
        whole = erased = 0
        wrong: list[str] = []
        for row in Attachment.objects.order_by("pk").iterator(chunk_size=500):
            try:
                files.read(row)
                whole += 1
            except files.Missing as why:
                if row.player_id is not None and PersonalKey.objects.filter(player_id=row.player_id, wrapped=None).exists():
                    erased += 1
                else:
                    wrong.append(f"Attachment {row.pk} of note {row.note_id} ({row.stored}): {why}")
        for line in wrong:
            self.stderr.write(line)
        self.stdout.write(f"{whole} attachments are what was attached, {erased} were erased with their players, {len(wrong)} are not.")
        if wrong:
            sys.exit(1)
