
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backoffice.approvals.guard import guard

class Migration(migrations.Migration):

    dependencies = [
        ('players', '0015_profile'),
        ('approvals', '0002_guards'),
    ]

    operations = [
        migrations.CreateModel(
            name='CallerPolicy',
            fields=[
                ('brand', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='scope.brand')),
                ('questions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('needed', models.PositiveSmallIntegerField(help_text='Right answers that are enough.')),
                ('minutes', models.PositiveSmallIntegerField(help_text='How long it counts.')),
                ('failures', models.PositiveSmallIntegerField(help_text='Failures within a day after which fraud is told.')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('failures__gte', 1), ('minutes__gte', 1), ('needed__gte', 1)), name='players_callerpolicy_numbers')],
            },
        ),
        migrations.CreateModel(
            name='CallerCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('passed', models.BooleanField()),
                ('asked', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('right', models.PositiveSmallIntegerField()),
                ('needed', models.PositiveSmallIntegerField()),
                ('valid_until', models.DateTimeField(null=True)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scope.brand')),
                ('player', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='caller_checks', to='players.player')),
                ('staff', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['player', '-at'], name='players_callercheck_latest')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('passed', True), ('valid_until__isnull', False)), models.Q(('passed', False), ('valid_until', None)), _connector='OR'), name='players_callercheck_valid')],
            },
        ),
        guard('players_callerpolicy', 'players.caller_check'),
    ]
