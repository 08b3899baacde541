"""lora_radio"""
