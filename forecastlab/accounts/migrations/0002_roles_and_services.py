from __future__ import annotations

from django.db import migrations

ROLES = ("viewer", "planner", "approver", "operator", "admin")
SERVICES = {"clock": "clock", "policy": "policy", "system": "service"}


def add(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    user = apps.get_model("accounts", "User")
    for role in ROLES:
        group.objects.get_or_create(name=role)
    for name, kind in SERVICES.items():
        user.objects.get_or_create(
            username=name, defaults={"kind": kind, "is_active": False, "password": "!"}
        )


def remove(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()
    apps.get_model("accounts", "User").objects.filter(username__in=SERVICES).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_accounts")]

    operations = [migrations.RunPython(add, remove, elidable=True)]
